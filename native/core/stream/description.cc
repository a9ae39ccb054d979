#include "core/stream/description.h"

#include <algorithm>

#include "core/stream/byte_reader.h"
#include "core/stream/json_reader.h"

namespace drover {
namespace {

// Real ones have 100 KB for a small guest and a few MB for one with hundreds of devices.
constexpr std::uint64_t kLongest = std::uint64_t{32} << 20U;
constexpr std::uint64_t kHead = 6;  // end-of-stream byte, element byte, length
constexpr std::size_t kMostDevices = 65536;

using Size = std::optional<std::uint64_t>;

class Sizes {
 public:
  Sizes(JsonReader& json, Description& description) : json_(json), description_(description) {}

  bool read() {
    return json_.object([this](std::string_view key) {
      if (key == "page_size") {
        description_.pageBytes = json_.number();
        return description_.pageBytes.has_value();
      }
      if (key == "devices") {
        return json_.array([this] { return device(); });
      }
      return json_.skip();
    });
  }

 private:
  bool device() {
    std::string name;
    std::uint64_t instance = 0;
    Size plain;
    Size described;
    Size subsections = 0;
    const bool whole = json_.object([&](std::string_view key) {
      if (key == "name") {
        const auto text = json_.string();
        if (text) name = *text;
        return text.has_value();
      }
      if (key == "instance_id") {
        const Size value = json_.number();
        if (value) instance = *value;
        return value.has_value();
      }
      if (key == "size") return (plain = json_.number()).has_value();
      if (key == "fields") return fields(described);
      if (key == "subsections") return subsectionList(subsections);
      return json_.skip();
    });
    if (!whole || description_.payloadBytes.size() == kMostDevices) return false;
    const Size size = plain ? plain : sum(described, subsections);
    if (size) description_.payloadBytes.emplace(std::pair(std::move(name), instance), *size);
    return true;
  }

  // A subsection has a byte, a name, a version, then what it consists of.
  bool subsectionList(Size& total) {
    return json_.array([&] {
      Size size;
      Size nested = 0;
      Size head;
      const bool whole = json_.object([&](std::string_view key) {
        if (key == "vmsd_name") {
          const auto name = json_.string();
          if (name) head = 2 + name->size() + 4;
          return name.has_value();
        }
        if (key == "fields") return fields(size);
        if (key == "subsections") return subsectionList(nested);
        return json_.skip();
      });
      total = sum(sum(total, head), sum(size, nested));
      return whole;
    });
  }

  bool fields(Size& total) {
    total = 0;
    return json_.array([&] {
      Size size;
      Size count = 1;
      const bool whole = json_.object([&](std::string_view key) {
        if (key == "size") return (size = json_.number()).has_value();
        if (key == "array_len") return (count = json_.number()).has_value();
        return json_.skip();
      });
      std::uint64_t product = 0;
      const bool fits = size && count && !__builtin_mul_overflow(*size, *count, &product);
      total = sum(total, fits ? Size(product) : Size());
      return whole;
    });
  }

  static Size sum(Size a, Size b) {
    std::uint64_t result = 0;
    return a && b && !__builtin_add_overflow(*a, *b, &result) ? Size(result) : Size();
  }

  JsonReader& json_;
  Description& description_;
};

// The length that stands before a text which ends exactly where the file does.
std::optional<std::uint64_t> lengthAtEnd(const InputFile& file, std::uint64_t streamStart) {
  constexpr std::uint64_t kWindow = std::uint64_t{1} << 20U;
  const std::uint64_t size = file.size();
  const std::uint64_t lowest = std::max(streamStart, size - std::min(size, kLongest + kHead));
  std::uint8_t last = 0;
  if (size == 0 || !file.read(size - 1, {&last, 1}).ok() || last != '}') return {};
  std::uint64_t high = size;  // everything from here on was searched
  while (high > lowest) {
    const std::uint64_t low = std::max(lowest, high - std::min(high, kWindow));
    // Windows overlap by a head, so that none is missed.
    const std::uint64_t length = std::min(size, high + kHead) - low;
    std::uint64_t found = 0;
    const Status status = file.visit(low, length, [&](const std::uint8_t* bytes) noexcept {
      for (std::uint64_t i = length; i-- > 0;) {
        if (length - i <= kHead || bytes[i] != 0 || bytes[i + 1] != 6) continue;
        if (bytes[i + kHead] != '{') continue;
        const std::uint64_t text = fromBigEndian<std::uint32_t>(bytes + i + 2);
        if (low + i + kHead + text == size) {
          found = text;
          return;
        }
      }
    });
    if (!status.ok()) return {};
    if (found != 0) return found;
    high = low;
  }
  return {};
}

}  // namespace

std::optional<std::uint64_t> Description::sizeOf(const std::string& name,
                                                 std::uint32_t instance) const {
  const auto found = payloadBytes.find(std::pair<std::string, std::uint64_t>(name, instance));
  return found == payloadBytes.end() ? Size() : Size(found->second);
}

std::optional<Description> findDescription(const InputFile& file, std::uint64_t streamStart) {
  const std::optional<std::uint64_t> length = lengthAtEnd(file, streamStart);
  if (!length) return {};
  Description description;
  description.length = *length;
  description.offset = file.size() - *length;
  std::string text(*length, '\0');
  const std::span<std::uint8_t> raw(reinterpret_cast<std::uint8_t*>(text.data()), *length);
  if (!file.read(description.offset, raw).ok()) return {};
  JsonReader json(text);
  if (!Sizes(json, description).read() || !json.atEnd()) return {};
  return description;
}

}  // namespace drover
