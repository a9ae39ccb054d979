#include "core/dump/lime.h"

#include <algorithm>
#include <array>

#include "core/dump/fields.h"
#include "core/dump/segments.h"

namespace drover {
namespace {

// A range's header, little endian: magic, version, first address, last address, 8 unused bytes.
constexpr std::size_t kHeaderBytes = 32;
constexpr std::uint32_t kMagic = 0x4c694d45;
constexpr std::uint32_t kVersion = 1;

ParseError readRange(const InputFile& file, std::uint64_t at, Segment& range) noexcept {
  std::array<std::uint8_t, kHeaderBytes> bytes{};
  if (!file.read(at, bytes).ok()) return {"the header of a range is cut short", 0, at};
  const Fields fields(bytes, false);
  if (fields.u32(0) != kMagic) return {"no header of a range where one is due", 0, at, at == 0};
  if (fields.u32(4) != kVersion) {
    return {
        "version " + std::to_string(fields.u32(4)) + " of LiME's format; Drover reads version 1", 0,
        at + 4, true};
  }
  const std::uint64_t first = fields.u64(8);
  const std::uint64_t last = fields.u64(16);
  if (last < first || last >= kHighestAddress) {
    return {"a range that ends before it begins, or beyond 2^52", 0, at + 8};
  }
  range = {first, last - first + 1, at + kHeaderBytes};
  if (!file.holds(range.offset, range.length)) {
    return {"the file ends before its memory does: cut short", 0, file.size()};
  }
  return {};
}

}  // namespace

ParseError openLime(RamImage& image, const OpenOptions& options,
                    const CancelFlag& cancel) noexcept {
  if (image.inputs.size() != 1) return {"a LiME file is one file", 1, 0};
  if (options.fileOffset != 0) return {"a LiME file starts at the file's start", 0, 0};
  const InputFile& file = image.inputs[0];
  std::vector<Segment> segments;
  // A file may claim any number of them.
  constexpr std::size_t kMostRanges = std::size_t{1} << 20;
  for (std::uint64_t at = 0; at < file.size() && !cancel.isSet();) {
    Segment range{};
    ParseError error = readRange(file, at, range);
    if (!error.ok()) return error;
    if (segments.size() == kMostRanges) {
      return {"more than " + std::to_string(kMostRanges) + " ranges", 0, at, true};
    }
    segments.push_back(range);
    at = range.offset + range.length;
  }
  if (segments.empty()) return {"a LiME file without a range", 0, 0};
  std::vector<Segment> listed = segments;
  ParseError error = joinSegments(file, segments, cancel);
  if (!error.ok()) return error;
  image.blocks.push_back(segmentBlock(file, std::move(segments), std::move(listed), true,
                                      options.pageBytes.value_or(kUsualPage)));
  return {};
}

}  // namespace drover
