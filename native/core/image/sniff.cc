#include "core/image/sniff.h"

#include <algorithm>
#include <array>

namespace drover {
namespace {

using namespace std::string_view_literals;

struct Mark {
  std::string_view bytes;
  Format format;
  bool channel;
  std::string_view unsupported;
};

constexpr std::array kMarks{
    Mark{"QEVM\0\0\0\3"sv, Format::stream, false, ""},
    Mark{"QEVM\0\0\0\2"sv, Format::stream, false,
         "a migration stream of version 2, which QEMU no longer writes or reads"},
    Mark{"\x11\x22\x33\x44\0\0\0\1"sv, Format::stream, true, ""},
    Mark{"makedumpfile\0\0\0\0"sv, Format::kdump, false, ""},
    Mark{"KDUMP   "sv, Format::kdump, false, ""},
    Mark{"DISKDUMP"sv, Format::kdump, false, ""},
    Mark{"PAGEDU64"sv, Format::winDump, false, ""},
    Mark{"PAGEDUMP"sv, Format::winDump, false, ""},
    Mark{"EMiL"sv, Format::lime, false, ""},
    Mark{"AVML"sv, Format::lime, false,
         "compressed by AVML; make a LiME file of it first: avml-convert"},
    Mark{"LibvirtQemudSave"sv, Format::stream, false,
         "a libvirt save image; the migration stream inside starts after its header: give its "
         "offset"},
    Mark{"LibvirtQemudPart"sv, Format::stream, false, "an unfinished libvirt save image"},
    Mark{"QFI\xfb"sv, Format::raw, false,
         "a qcow2 disk image; a snapshot's migration stream inside may be read by giving its "
         "offset"},
    Mark{"\x1f\x8b"sv, Format::raw, false, "compressed with gzip; unpack it first: gzip -d"},
    Mark{"\x28\xb5\x2f\xfd"sv, Format::raw, false,
         "compressed with zstd; unpack it first: zstd -d"},
    Mark{"\xfd"
         "7zXZ\0"sv,
         Format::raw, false, "compressed with xz; unpack it first: xz -d"},
    Mark{"BZh"sv, Format::raw, false, "compressed with bzip2; unpack it first: bzip2 -d"},
    Mark{"\x04\x22\x4d\x18"sv, Format::raw, false, "compressed with lz4; unpack it first: lz4 -d"},
    Mark{"\x89LZO"sv, Format::raw, false, "compressed with lzop; unpack it first: lzop -d"},
};

constexpr std::size_t kElfTypeOffset = 16;
constexpr std::uint8_t kElfCore = 4;

bool isElf(std::string_view head) noexcept {
  return head.size() >= kElfTypeOffset + 2 && head.substr(0, 4) ==
                                                  "\x7f"
                                                  "ELF"sv;
}

// The type is a 16-bit number in the file's own byte order.
bool isElfCore(std::string_view head) noexcept {
  const bool big = head[5] == 2;
  const auto low = static_cast<std::uint8_t>(head[kElfTypeOffset + (big ? 1 : 0)]);
  const auto high = static_cast<std::uint8_t>(head[kElfTypeOffset + (big ? 0 : 1)]);
  return low == kElfCore && high == 0;
}

struct Name {
  Format format;
  std::string_view name;
};
constexpr std::array kNames{Name{Format::raw, "raw"},     Name{Format::elf, "elf"},
                            Name{Format::kdump, "kdump"}, Name{Format::winDump, "win-dmp"},
                            Name{Format::lime, "lime"},   Name{Format::stream, "stream"}};

}  // namespace

std::string_view formatName(Format format) noexcept {
  for (const Name& name : kNames) {
    if (name.format == format) return name.name;
  }
  return "automatic";
}

std::optional<Format> findFormat(std::string_view wanted) noexcept {
  for (const Name& name : kNames) {
    if (name.name == wanted) return name.format;
  }
  return std::nullopt;
}

Sniffed sniff(const InputFile& file, std::uint64_t offset) noexcept {
  std::array<std::uint8_t, 32> bytes{};
  const auto length = static_cast<std::size_t>(file.window(offset, bytes.size(), bytes.size()));
  if (!file.peek(offset, {bytes.data(), length}).ok()) return {};
  const std::string_view head(reinterpret_cast<const char*>(bytes.data()), length);
  if (isElf(head)) {
    if (isElfCore(head)) return {Format::elf, false, ""};
    return {Format::raw, false,
            "an ELF program or library, not a dump; --format raw reads it as memory"};
  }
  for (const Mark& mark : kMarks) {
    if (head.substr(0, mark.bytes.size()) == mark.bytes) {
      return {mark.format, mark.channel, mark.unsupported};
    }
  }
  return {};
}

}  // namespace drover
