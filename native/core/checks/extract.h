// Writes the content of blocks to a file, with holes where it is zero or where the image lacks it.
#pragma once

#include <span>
#include <vector>

#include "core/cancel.h"
#include "core/image/ram_image.h"
#include "core/progress.h"

namespace drover {

// Bytes [start, start + length) of a block, and where they go in the written file.
struct CopiedRange {
  std::uint32_t block;
  std::uint64_t start;
  std::uint64_t length;
  std::uint64_t fileOffset;
};

struct Copied {
  std::uint64_t written = 0;  // bytes of pages that are not zero
  std::uint64_t absent = 0;   // bytes that the image does not hold
  // Offsets in the file of pages that begin like the VMCOREINFO note of a Linux kernel, lowest
  // first, 16 at most.
  std::vector<std::uint64_t> kernelNotes;
};

// `fd` is an empty regular file, open for writing; it gets `fileBytes`. Ranges must not overlap in
// it. A failure leaves the file incomplete.
Result<Copied> extractRanges(const RamImage& image, std::span<const CopiedRange> ranges,
                             std::uint64_t fileBytes, int fd, unsigned threads, Progress& progress,
                             const CancelFlag& cancel) noexcept;

// Bytes [start, end) of a block.
struct HeldRange {
  std::uint64_t start;
  std::uint64_t end;
};

// What the image holds of [start, end), in order; what touches is one range.
Result<std::vector<HeldRange>> heldRanges(const RamBlock& block, std::uint64_t start,
                                          std::uint64_t end, const CancelFlag& cancel) noexcept;

// Neighbouring pages of a block whose bytes lie as they are, one after another, in an input file.
struct StoredRange {
  std::uint64_t start;  // in the block
  std::uint64_t length;
  std::uint32_t input;
  std::uint64_t fileOffset;
};

// All of them in [start, end), in order: not those that are zero, filled, packed or absent.
Result<std::vector<StoredRange>> storedRanges(const RamBlock& block, std::uint64_t start,
                                              std::uint64_t end, const CancelFlag& cancel) noexcept;

}  // namespace drover
