#include "core/checks/extract.h"

#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <memory>
#include <mutex>
#include <string_view>
#include <utility>

#include "core/checks/block_walk.h"
#include "core/chunks.h"
#include "core/image/zero.h"

namespace drover {
namespace {

// What a thread takes at a time; from there it goes through a buffer that fits into a core's cache.
constexpr std::uint64_t kCopyChunk = std::uint64_t{4} << 20;
constexpr std::size_t kCopyBuffer = std::size_t{256} << 10;
constexpr std::size_t kCopyGrain = 4096;

struct CopyJob {
  const RamImage& image;
  std::span<const CopiedRange> ranges;
  // Number of the first chunk of each range.
  std::vector<std::size_t> firstChunks;
  int fd;
  Progress& progress;
  const CancelFlag& cancel;
  std::atomic<std::uint64_t> written{0};
  std::atomic<std::uint64_t> absent{0};
  std::mutex lock{};
  std::vector<std::uint64_t> kernelNotes{};
};

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
Status writeData(CopyJob& job, std::span<const std::uint8_t> bytes, std::uint64_t offset) noexcept {
  std::size_t from = 0;
  while (from < bytes.size()) {
    std::size_t end = from;
    while (end < bytes.size()) {
      const std::size_t grain = std::min(kCopyGrain, bytes.size() - end);
      if (isZero(bytes.subspan(end, grain))) break;
      end += grain;
    }
    if (end > from) {
      const Status status = writeFully(job.fd, bytes.subspan(from, end - from), offset + from);
      if (!status.ok()) return status;
      job.written += end - from;
    }
    from = end == bytes.size() ? end : end + std::min(kCopyGrain, bytes.size() - end);
  }
  return {};
}

// An ELF note: three numbers, the name, and text that begins with the kernel's release. The kernel
// keeps it at the start of a page.
void findKernelNotes(CopyJob& job, std::span<const std::uint8_t> bytes,
                     std::uint64_t offset) noexcept {
  constexpr std::string_view kBegin{"VMCOREINFO\0\0OSRELEASE=", 22};
  constexpr std::size_t kNameAt = 12;
  constexpr std::size_t kMostNotes = 16;
  for (std::size_t at = (kCopyGrain - offset % kCopyGrain) % kCopyGrain;
       at + kNameAt + kBegin.size() <= bytes.size(); at += kCopyGrain) {
    if (std::memcmp(bytes.data() + at + kNameAt, kBegin.data(), kBegin.size()) != 0) continue;
    const std::lock_guard guard(job.lock);
    if (job.kernelNotes.size() < kMostNotes) job.kernelNotes.push_back(offset + at);
  }
}

class Copier {
 public:
  explicit Copier(CopyJob& job) noexcept
      : job_(job), buffer_(std::make_unique<std::uint8_t[]>(kCopyBuffer)) {}

  Status work(std::size_t chunk) noexcept {
    const auto& firsts = job_.firstChunks;
    const auto after = std::upper_bound(firsts.begin(), firsts.end(), chunk);
    const std::size_t index = static_cast<std::size_t>(after - firsts.begin()) - 1;
    range_ = &job_.ranges[index];
    block_ = &job_.image.blocks[range_->block];
    const std::uint64_t done = (chunk - firsts[index]) * kCopyChunk;
    const std::uint64_t start = range_->start + done;
    const std::uint64_t length = std::min(kCopyChunk, range_->length - done);
    const auto take = [this](const BlockPiece& piece) noexcept { return takePiece(piece); };
    Status status = forEachPiece(*block_, start, start + length, kCopyChunk, job_.cancel, take);
    if (status.ok()) status = flush();
    job_.progress.add(length / block_->pageBytes);
    return status;
  }

 private:
  Status takePiece(const BlockPiece& piece) noexcept {
    if (piece.kind == PageKind::absent) job_.absent += piece.length;
    if (piece.kind == PageKind::absent || piece.kind == PageKind::zero ||
        (piece.kind == PageKind::fill && piece.fill == 0)) {
      return {};
    }
    if (piece.kind == PageKind::stored && piece.length >= kCopyBuffer) {
      job_.image.inputs[piece.input].populate(piece.fileOffset, piece.length);
    }
    for (std::uint64_t done = 0; done < piece.length;) {
      const std::uint64_t at = piece.offset + done;
      if (filled_ == kCopyBuffer || (filled_ > 0 && at != start_ + filled_)) {
        const Status status = flush();
        if (!status.ok()) return status;
      }
      if (filled_ == 0) start_ = at;
      const std::size_t count = std::min<std::uint64_t>(kCopyBuffer - filled_, piece.length - done);
      const Status status = job_.image.read(*block_, at, {buffer_.get() + filled_, count});
      if (!status.ok()) return status;
      filled_ += count;
      done += count;
    }
    return {};
  }

  Status flush() noexcept {
    const std::span<const std::uint8_t> bytes{buffer_.get(), std::exchange(filled_, 0)};
    const std::uint64_t offset = range_->fileOffset + (start_ - range_->start);
    findKernelNotes(job_, bytes, offset);
    return writeData(job_, bytes, offset);
  }

  CopyJob& job_;
  std::unique_ptr<std::uint8_t[]> buffer_;
  const CopiedRange* range_ = nullptr;
  const RamBlock* block_ = nullptr;
  // Bytes of the block from start_ on that wait in the buffer.
  std::uint64_t start_ = 0;
  std::size_t filled_ = 0;
};

bool fits(const RamImage& image, const CopiedRange& range, std::uint64_t fileBytes) noexcept {
  if (range.block >= image.blocks.size()) return false;
  const std::uint64_t length = image.blocks[range.block].length;
  return range.start <= length && range.length <= length - range.start &&
         range.fileOffset <= fileBytes && range.length <= fileBytes - range.fileOffset;
}

}  // namespace

Result<Copied> extractRanges(const RamImage& image, std::span<const CopiedRange> ranges,
                             std::uint64_t fileBytes, int fd, unsigned threads, Progress& progress,
                             const CancelFlag& cancel) noexcept {
  struct stat about {};
  if (::fstat(fd, &about) != 0) return Result<Copied>::failed(Status::system("fstat", errno));
  if (!S_ISREG(about.st_mode) || about.st_size != 0) {
    return Result<Copied>::failed(Status::of(Fault::badArgument, "not an empty regular file"));
  }
  if (fileBytes > static_cast<std::uint64_t>(INT64_MAX) ||
      ::ftruncate(fd, static_cast<off_t>(fileBytes)) != 0) {
    const int why = fileBytes > static_cast<std::uint64_t>(INT64_MAX) ? EFBIG : errno;
    return Result<Copied>::failed(Status::system("ftruncate", why));
  }
  CopyJob job{image, ranges, {}, fd, progress, cancel};
  std::size_t chunks = 0;
  std::uint64_t pages = 0;
  for (const CopiedRange& range : ranges) {
    if (!fits(image, range, fileBytes)) {
      return Result<Copied>::failed(Status::of(Fault::badArgument, "a range that does not fit"));
    }
    job.firstChunks.push_back(chunks);
    chunks += (range.length + kCopyChunk - 1) / kCopyChunk;
    pages += range.length / image.blocks[range.block].pageBytes;
  }
  progress.expect(pages);
  const Status status = forEachChunk(chunks, threads, cancel, [&job] { return Copier(job); });
  if (!status.ok()) return Result<Copied>::failed(status);
  std::sort(job.kernelNotes.begin(), job.kernelNotes.end());
  return Result<Copied>::of({job.written, job.absent, std::move(job.kernelNotes)});
}

Result<std::vector<HeldRange>> heldRanges(const RamBlock& block, std::uint64_t start,
                                          std::uint64_t end, const CancelFlag& cancel) noexcept {
  std::vector<HeldRange> held;
  const auto add = [&held](const BlockPiece& piece) noexcept {
    if (piece.kind == PageKind::absent) return Status{};
    if (!held.empty() && held.back().end == piece.offset) {
      held.back().end += piece.length;
    } else {
      held.push_back({piece.offset, piece.offset + piece.length});
    }
    return Status{};
  };
  const Status status = forEachPiece(block, start, end, block.length, cancel, add);
  return status.ok() ? Result<std::vector<HeldRange>>::of(std::move(held))
                     : Result<std::vector<HeldRange>>::failed(status);
}

Result<std::vector<StoredRange>> storedRanges(const RamBlock& block, std::uint64_t start,
                                              std::uint64_t end,
                                              const CancelFlag& cancel) noexcept {
  std::vector<StoredRange> stored;
  const auto add = [&stored](const BlockPiece& piece) noexcept {
    if (piece.kind == PageKind::stored) {
      stored.push_back({piece.offset, piece.length, piece.input, piece.fileOffset});
    }
    return Status{};
  };
  const Status status = forEachPiece(block, start, end, block.length, cancel, add);
  return status.ok() ? Result<std::vector<StoredRange>>::of(std::move(stored))
                     : Result<std::vector<StoredRange>>::failed(status);
}

}  // namespace drover
