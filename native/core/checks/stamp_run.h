// Stamps of a block that can be read at once: a run of pages, at the stamps' step.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/image/ram_image.h"

namespace drover {

struct StampRun {
  std::uint64_t count = 1;
  PageKind kind = PageKind::packed;
  std::uint8_t fill = 0;
  // Kind stored: in which file, where there, and how far apart.
  std::uint32_t input = 0;
  std::uint64_t offset = 0;
  std::uint64_t stride = 0;
};

// From the stamp at `offset` on, at most `most`, each `width` bytes long. A stamp that does not lie
// in one piece (across pages, or packed) comes alone, as kind packed: RamImage::read gets it.
inline StampRun stampRunAt(const RamBlock& block, std::uint64_t offset, std::uint64_t step,
                           std::uint64_t width, std::uint64_t most) noexcept {
  const std::uint64_t pageBytes = block.pageBytes;
  const std::uint64_t inPage = offset % pageBytes;
  const PageRun pages = block.table->runAt(offset / pageBytes);
  StampRun run{1, pages.kind, pages.fill, pages.input, pages.offset + inPage, step};
  const StampRun alone;
  if (pages.kind == PageKind::packed) return alone;
  const bool alike = pages.kind != PageKind::stored || pages.stride == pageBytes;
  const std::uint64_t inOnePiece = (alike ? pages.pages : 1) * pageBytes - inPage;
  if (inOnePiece < width) return alone;
  run.count = (inOnePiece - width) / step + 1;
  if (!alike && step % pageBytes == 0) {
    const std::uint64_t every = step / pageBytes;
    run.count = (pages.pages - 1) / every + 1;
    run.stride = pages.stride * every;
  }
  run.count = std::min(run.count, most);
  return run;
}

// Further apart than this, one fault per stamp is cheaper than an entry for every page between;
// nearer together than that, a system call is dearer than the faults it saves.
inline void populateRun(const InputFile& file, const StampRun& run, std::uint64_t width) noexcept {
  constexpr std::uint64_t kLargestStride = 16384;
  constexpr std::uint64_t kLeastBytes = std::uint64_t{1} << 20;
  const std::uint64_t bytes = (run.count - 1) * run.stride + width;
  if (run.stride <= kLargestStride && bytes >= kLeastBytes) file.populate(run.offset, bytes);
}

}  // namespace drover
