#include "core/dump/kdump.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "core/dump/fields.h"
#include "core/dump/kdump_table.h"

namespace drover {
namespace {

constexpr std::size_t kKdumpHeaderBytes = 464;
// Behind the signature, the version and the utsname. In the 32-bit header the fields start earlier,
// since the utsname is not followed by padding and a long time value.
constexpr std::size_t kFields64 = 424;
constexpr std::size_t kFields32 = 412;
constexpr std::uint64_t kHighestDumped = std::uint64_t{1} << 52;

struct Head {
  std::uint64_t blockBytes;
  std::uint64_t subHeaderBlocks;
  std::uint64_t bitmapBlocks;
  std::uint64_t mostPages;
};

Head headOf(const Fields& fields, std::size_t at) noexcept {
  return {fields.u32(at + 4), fields.u32(at + 8), fields.u32(at + 12), fields.u32(at + 16)};
}

bool plausible(const Fields& fields, std::size_t at) noexcept {
  const Head head = headOf(fields, at);
  return head.blockBytes >= 512 && head.blockBytes <= 65536 &&
         (head.blockBytes & (head.blockBytes - 1)) == 0 && head.subHeaderBlocks >= 1 &&
         head.subHeaderBlocks <= 0xffff && head.bitmapBlocks >= 2;
}

// Neither the byte order nor the class is marked: the block size must be a page size in one of
// them.
ParseError findLayout(const FlatFile& file, KdumpLayout& layout) noexcept {
  std::array<std::uint8_t, kKdumpHeaderBytes> bytes{};
  if (!file.read(0, bytes).ok()) return {"the kdump header is cut short", 0, file.size()};
  constexpr std::array<const char*, 2> kSignatures{"KDUMP   ", "DISKDUMP"};
  if (std::none_of(kSignatures.begin(), kSignatures.end(), [&](const char* signature) {
        return std::memcmp(bytes.data(), signature, 8) == 0;
      })) {
    return {"no kdump signature", 0, 0};
  }
  for (const bool bigEndian : {false, true}) {
    const Fields fields(bytes, bigEndian);
    for (const std::size_t at : {kFields64, kFields32}) {
      if (!plausible(fields, at)) continue;
      const Head head = headOf(fields, at);
      layout.bigEndian = bigEndian;
      layout.pageBytes = static_cast<std::uint32_t>(head.blockBytes);
      layout.pages = head.mostPages;
      std::array<std::uint8_t, 104> sub{};
      if (!file.read(head.blockBytes, sub).ok()) {
        return {"the kdump sub-header is cut short", 0, head.blockBytes};
      }
      if (at == kFields64 && fields.u32(8) >= 6) layout.pages = Fields(sub, bigEndian).u64(96);
      const std::uint64_t bitmaps = head.bitmapBlocks * head.blockBytes;
      layout.bitmapBytes = bitmaps / 2;
      layout.bitmap = (1 + head.subHeaderBlocks) * head.blockBytes + layout.bitmapBytes;
      layout.descriptors = (1 + head.subHeaderBlocks) * head.blockBytes + bitmaps;
      return {};
    }
  }
  return {"the kdump header holds no plausible page size", 0, kFields64 + 4};
}

}  // namespace

ParseError openKdump(RamImage& image, const OpenOptions& options,
                     const CancelFlag& cancel) noexcept {
  if (image.inputs.size() != 1) return {"a kdump is one file", 1, 0};
  if (options.fileOffset != 0) return {"a kdump starts at the file's start", 0, 0};
  const InputFile& input = image.inputs[0];
  FlatFile file(input);
  std::array<std::uint8_t, 12> mark{};
  if (input.read(0, mark).ok() && std::memcmp(mark.data(), "makedumpfile", mark.size()) == 0) {
    ParseError error = file.openFlattened(cancel);
    if (!error.ok()) return error;
  }
  KdumpLayout layout;
  ParseError error = findLayout(file, layout);
  if (!error.ok()) return error;
  if (layout.pages == 0 || layout.pages > kHighestDumped / layout.pageBytes) {
    return {"a kdump of no page, or beyond 2^52", 0, layout.pageBytes + std::uint64_t{96}};
  }
  if (layout.pages > layout.bitmapBytes * 8) {
    return {"more pages than the bitmap has bits", 0, layout.bitmap};
  }
  if (!file.holds(layout.bitmap, layout.bitmapBytes)) {
    return {"the bitmap is cut short", 0, file.size()};
  }
  RamBlock block;
  block.name = "memory";
  block.pageBytes = layout.pageBytes;
  block.length = layout.pages * layout.pageBytes;
  auto table = std::make_unique<KdumpTable>(std::move(file), layout);
  error = table->check(cancel, options.progress);
  if (!error.ok()) return error;
  block.places = table->places(cancel);
  block.placesInOrder = true;
  block.table = std::move(table);
  image.blocks.push_back(std::move(block));
  return {};
}

}  // namespace drover
