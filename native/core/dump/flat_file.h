// The plain dump in a file: either the file itself, or the dump that makedumpfile's flattened
// format describes (pieces in any order; of two that overlap the later one counts).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/cancel.h"
#include "core/image/ram_image.h"

namespace drover {

class FlatFile {
 public:
  // `file` must outlive it.
  explicit FlatFile(const InputFile& file) noexcept : file_(&file), size_(file.size()) {}
  // Reads the records' headers.
  ParseError openFlattened(const CancelFlag& cancel) noexcept;

  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  [[nodiscard]] bool holds(std::uint64_t offset, std::uint64_t length) const noexcept;
  // Fault::tooSmall, with the file's own offset, where a piece is missing.
  [[nodiscard]] Status read(std::uint64_t offset, std::span<std::uint8_t> out) const noexcept;
  // Where in the file itself these bytes lie, when they lie there in one piece.
  [[nodiscard]] std::optional<std::uint64_t> inPlace(std::uint64_t offset,
                                                     std::uint64_t length) const noexcept;
  [[nodiscard]] std::uint64_t indexBytes() const noexcept {
    return pieces_.capacity() * sizeof(Piece);
  }

 private:
  struct Piece {
    std::uint64_t start;  // in the plain dump
    std::uint64_t length;
    std::uint64_t offset;  // in the file
  };
  void settleOverlaps() noexcept;
  [[nodiscard]] const Piece* find(std::uint64_t offset) const noexcept;

  const InputFile* file_;
  std::uint64_t size_;
  bool flattened_ = false;
  std::vector<Piece> pieces_;  // by start, disjoint
};

}  // namespace drover
