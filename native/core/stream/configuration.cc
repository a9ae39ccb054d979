#include "core/stream/configuration.h"

#include <string_view>

#include "core/stream/section_end.h"

namespace drover {
namespace {

constexpr std::uint8_t kConfiguration = 0x07;
constexpr std::uint8_t kSubsection = 0x05;
constexpr std::string_view kPrefix = "configuration/";
constexpr std::uint32_t kLongestMachine = 1024;
constexpr std::uint32_t kMostCapabilities = 256;
constexpr std::size_t kMostSubsections = 64;
constexpr std::uint64_t kUnknownLimit = 4096;  // bytes of an unknown subsection

class ConfigurationReader {
 public:
  ConfigurationReader(StreamContext& context, ByteReader& reader,
                      std::optional<std::uint32_t>& pageBits)
      : context_(context), reader_(reader), pageBits_(pageBits) {}

  bool read() {
    reader_.u8();
    StreamReport& report = context_.report;
    const std::uint32_t length = reader_.u32();
    if (!reader_.cut() && length > kLongestMachine) return fail("a machine name of absurd length");
    std::string machine(reader_.cut() ? 0 : length, '\0');
    reader_.bytes({reinterpret_cast<std::uint8_t*>(machine.data()), machine.size()});
    if (reader_.cut()) return fail("the file ends inside the configuration");
    report.machine = std::move(machine);
    while (atSubsection()) {
      if (report.configuration.size() == kMostSubsections) return fail("too many subsections");
      if (!readSubsection()) return false;
    }
    return true;
  }

 private:
  bool fail(const char* text) {
    return context_.fail(context_.report.mainInput, reader_.position(),
                         std::string("configuration: ") + text);
  }

  [[nodiscard]] bool atSubsection() const {
    ByteReader ahead = reader_;
    if (ahead.u8() != kSubsection) return false;
    ShortName name;
    ahead.name(name);
    return !ahead.cut() && name.view().starts_with(kPrefix);
  }

  bool readSubsection() {
    reader_.u8();
    ShortName name;
    reader_.name(name);
    const std::uint32_t version = reader_.u32();
    const std::string_view kind = name.view().substr(kPrefix.size());
    context_.report.configuration.emplace_back(name.view());
    if (version != 1) return fail("a subsection of unknown version");
    if (kind == "target-page-bits") {
      pageBits_ = reader_.u32();
    } else if (kind == "capabilities") {
      if (!readCapabilities()) return false;
    } else if (kind == "uuid") {
      std::string& uuid = context_.report.uuid;
      uuid.resize(16);
      reader_.bytes({reinterpret_cast<std::uint8_t*>(uuid.data()), uuid.size()});
    } else {
      return skipUnknown(name.view());
    }
    return !reader_.cut() || fail("the file ends inside it");
  }

  bool readCapabilities() {
    const std::uint32_t count = reader_.u32();
    if (reader_.cut() || count > kMostCapabilities) return fail("an absurd number of capabilities");
    for (std::uint32_t i = 0; i < count; ++i) {
      ShortName name;
      reader_.name(name);
      context_.report.capabilities.emplace_back(name.view());
    }
    return true;
  }

  // It does not say how long it is. The first element of the stream starts a section, or is a
  // command.
  bool skipUnknown(std::string_view name) {
    context_.report.warn(context_.report.mainInput, reader_.position(),
                         "an unknown part of the configuration: " + quoted(name));
    for (std::uint64_t skipped = 0; skipped < kUnknownLimit && reader_.left() > 0; ++skipped) {
      if (atSubsection() ||
          plausibleElement(reader_.file(), reader_.position(), reader_.end(), true, {})) {
        return true;
      }
      reader_.skip(1);
    }
    return fail("an unknown part that does not seem to end");
  }

  StreamContext& context_;
  ByteReader& reader_;
  std::optional<std::uint32_t>& pageBits_;
};

}  // namespace

bool readConfiguration(StreamContext& context, ByteReader& reader,
                       std::optional<std::uint32_t>& pageBits) {
  ByteReader ahead = reader;
  if (ahead.u8() != kConfiguration || ahead.cut()) return true;
  return ConfigurationReader(context, reader, pageBits).read();
}

}  // namespace drover
