#include "core/checks/block_hash.h"

#include <array>
#include <cstring>

#include "core/checks/block_walk.h"
#include "core/kernels/sha256.h"

namespace drover {
namespace {

constexpr std::uint64_t kLargestPiece = std::uint64_t{4} << 20;
constexpr std::size_t kSame = 65536;

Status addSame(Sha256& hash, std::uint8_t value, std::uint64_t length,
               const CancelFlag& cancel) noexcept {
  std::array<std::uint8_t, kSame> same;
  std::memset(same.data(), value, same.size());
  while (length > 0) {
    if (cancel.isSet()) return Status::of(Fault::cancelled, "hash");
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(length, same.size()));
    hash.update(same.data(), count);
    length -= count;
  }
  return {};
}

}  // namespace

Result<std::string> hashBlock(const RamImage& image, const RamBlock& block, std::uint64_t start,
                              std::uint64_t end, Progress& progress,
                              const CancelFlag& cancel) noexcept {
  using Hashed = Result<std::string>;
  if (start > end || end > block.length) {
    return Hashed::failed(Status::at(Fault::outOfRange, block.length));
  }
  progress.expect((end - start) / block.pageBytes);
  Sha256 hash;
  std::array<std::uint8_t, kSame> page;
  const auto add = [&](const BlockPiece& piece) noexcept {
    Status status;
    if (piece.kind == PageKind::stored) {
      const InputFile& file = image.inputs[piece.input];
      if (piece.length == kLargestPiece) file.populate(piece.fileOffset, piece.length);
      status = file.visit(piece.fileOffset, piece.length,
                          [&](const std::uint8_t* bytes) { hash.update(bytes, piece.length); });
    } else if (piece.kind == PageKind::packed) {
      const std::span<std::uint8_t> out = std::span(page).first(piece.length);
      status = image.read(block, piece.offset, out);
      if (status.ok()) hash.update(out.data(), out.size());
    } else {
      status = addSame(hash, piece.kind == PageKind::fill ? piece.fill : 0, piece.length, cancel);
    }
    progress.add(piece.length / block.pageBytes);
    return status;
  };
  const Status status = forEachPiece(block, start, end, kLargestPiece, cancel, add);
  return status.ok() ? Hashed::of(hash.finish()) : Hashed::failed(status);
}

}  // namespace drover
