#include "core/dump/win_dump.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "core/dump/fields.h"
#include "core/dump/segments.h"

namespace drover {
namespace {

// DUMP_HEADER64 and DUMP_HEADER32, as Microsoft's debugger reads them; little endian.
struct Layout {
  bool wide;
  std::size_t headerBytes;
  std::size_t memoryBlock;  // number of runs, number of pages, then the runs
  std::size_t dumpType;
};
constexpr Layout kWide{true, 0x2000, 0x88, 0xf98};
constexpr Layout kNarrow{false, 0x1000, 0x64, 0xf88};
constexpr std::size_t kMemoryBlockBytes = 700;

constexpr std::uint32_t kFull = 1;
constexpr std::uint64_t kPage = 4096;  // of a run, whatever the guest's architecture
constexpr std::uint64_t kHighestPage = kHighestAddress / kPage;

ParseError readRuns(const InputFile& file, const Layout& layout, const Fields& fields,
                    std::vector<Segment>& segments) noexcept {
  const std::size_t word = layout.wide ? 8 : 4;
  const std::uint64_t count = fields.u32(layout.memoryBlock);
  if (count == 0 || (count + 1) * 2 * word > kMemoryBlockBytes) {
    return {"the header lists no runs of pages, or more than it has room for", 0,
            layout.memoryBlock};
  }
  std::uint64_t offset = layout.headerBytes;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::size_t at = layout.memoryBlock + (i + 1) * 2 * word;
    const std::uint64_t first = fields.word(layout.wide, at);
    const std::uint64_t pages = fields.word(layout.wide, at + word);
    if (first > kHighestPage || pages > kHighestPage - first) {
      return {"a run of pages beyond 2^52", 0, at};
    }
    if (!file.holds(offset, pages * kPage)) {
      return {"the file ends before its memory does: cut short", 0, std::min(offset, file.size())};
    }
    segments.push_back({first * kPage, pages * kPage, offset});
    offset += pages * kPage;
  }
  return {};
}

}  // namespace

ParseError openWinDump(RamImage& image, const OpenOptions& options,
                       const CancelFlag& cancel) noexcept {
  if (image.inputs.size() != 1) return {"a Windows crash dump is one file", 1, 0};
  if (options.fileOffset != 0) return {"a Windows crash dump starts at the file's start", 0, 0};
  const InputFile& file = image.inputs[0];
  std::array<std::uint8_t, kNarrow.headerBytes> bytes{};  // all that is of use in either
  if (!file.read(0, bytes).ok()) return {"the header is cut short", 0, file.size()};
  const bool wide = std::memcmp(bytes.data(), "PAGEDU64", 8) == 0;
  if (!wide && std::memcmp(bytes.data(), "PAGEDUMP", 8) != 0) {
    return {"no Windows crash dump starts here", 0, 0, true};
  }
  const Layout& layout = wide ? kWide : kNarrow;
  const Fields fields(bytes, false);
  const std::uint32_t type = fields.u32(layout.dumpType);
  if (type != kFull) {
    return {"this is a Windows crash dump of type " + std::to_string(type) +
                ", which holds a part of memory in a form of its own; only full ones (type 1), as "
                "QEMU writes them, can be read: dump the guest as win-dmp, elf or kdump-zlib",
            0, layout.dumpType, true};
  }
  std::vector<Segment> segments;
  ParseError error = readRuns(file, layout, fields, segments);
  if (!error.ok()) return error;
  error = joinSegments(file, segments, cancel);
  if (!error.ok()) return {error.reason, 0, layout.memoryBlock};
  if (segments.empty()) return {"a crash dump without memory", 0, layout.memoryBlock};

  std::vector<Segment> listed = segments;
  image.blocks.push_back(segmentBlock(file, std::move(segments), std::move(listed), true,
                                      options.pageBytes.value_or(kUsualPage)));
  return {};
}

}  // namespace drover
