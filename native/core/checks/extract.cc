#include "core/checks/extract.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "core/checks/block_walk.h"
#include "core/checks/zero.h"

namespace drover {
namespace {

constexpr std::uint64_t kCopyBytes = std::uint64_t{1} << 20;
constexpr std::size_t kGrain = 4096;

Status writeFully(int fd, std::span<const std::uint8_t> bytes, std::uint64_t offset) noexcept {
  while (!bytes.empty()) {
    const ssize_t put = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return Status::system("pwrite", errno);
    bytes = bytes.subspan(static_cast<std::size_t>(put));
    offset += static_cast<std::uint64_t>(put);
  }
  return {};
}

// Stretches without zero pages, each in one go.
Status writeData(int fd, std::span<const std::uint8_t> bytes, std::uint64_t offset,
                 std::uint64_t& written) noexcept {
  std::size_t from = 0;
  while (from < bytes.size()) {
    std::size_t end = from;
    while (end < bytes.size()) {
      const std::size_t grain = std::min(kGrain, bytes.size() - end);
      if (isZero(bytes.subspan(end, grain))) break;
      end += grain;
    }
    if (end > from) {
      const Status status = writeFully(fd, bytes.subspan(from, end - from), offset + from);
      if (!status.ok()) return status;
      written += end - from;
    }
    from = end == bytes.size() ? end : end + std::min(kGrain, bytes.size() - end);
  }
  return {};
}

}  // namespace

Result<std::uint64_t> extractBlock(const RamImage& image, const RamBlock& block, int fd,
                                   Progress& progress, const CancelFlag& cancel) noexcept {
  using Extracted = Result<std::uint64_t>;
  struct stat about {};
  if (::fstat(fd, &about) != 0) return Extracted::failed(Status::system("fstat", errno));
  if (!S_ISREG(about.st_mode) || about.st_size != 0) {
    return Extracted::failed(Status::of(Fault::badArgument, "not an empty regular file"));
  }
  if (block.length > static_cast<std::uint64_t>(INT64_MAX) ||
      ::ftruncate(fd, static_cast<off_t>(block.length)) != 0) {
    return Extracted::failed(Status::system("ftruncate", block.length > INT64_MAX ? EFBIG : errno));
  }
  std::vector<std::uint8_t> buffer(kCopyBytes);
  progress.expect(block.pages());
  std::uint64_t written = 0;
  const auto copy = [&](const BlockPiece& piece) noexcept {
    Status status;
    const bool zero = piece.kind == PageKind::absent || piece.kind == PageKind::zero ||
                      (piece.kind == PageKind::fill && piece.fill == 0);
    for (std::uint64_t done = 0; !zero && done < piece.length && status.ok();) {
      if (cancel.isSet()) return Status::of(Fault::cancelled, "extract");
      const std::uint64_t count = std::min(kCopyBytes, piece.length - done);
      const std::span<std::uint8_t> bytes = std::span(buffer).first(count);
      status = image.read(block, piece.offset + done, bytes);
      if (status.ok()) status = writeData(fd, bytes, piece.offset + done, written);
      done += count;
    }
    progress.add(piece.length / block.pageBytes);
    return status;
  };
  const Status status = forEachPiece(block, 0, block.length, kCopyBytes, cancel, copy);
  return status.ok() ? Extracted::of(written) : Extracted::failed(status);
}

}  // namespace drover
