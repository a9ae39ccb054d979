#include "core/checks/image_diff.h"

#include <algorithm>
#include <cstring>

namespace drover {
namespace {

constexpr std::uint64_t kComparedBytes = std::uint64_t{1} << 18;

// One side, walked in order.
class Walk {
 public:
  Status open(const DiffSide& side, std::uint64_t length) noexcept {
    image_ = side.image;
    std::uint64_t end = 0;
    if (__builtin_add_overflow(side.start, length, &end)) {
      return Status::of(Fault::badArgument, "a stretch beyond 64 bits");
    }
    Result<std::vector<ImagePiece>> pieces = piecesOf(*image_, side.block, side.start, end);
    if (!pieces.ok()) return pieces.status;
    pieces_ = std::move(pieces.value);
    buffer_ = std::make_unique<std::uint8_t[]>(kComparedBytes);
    return {};
  }

  [[nodiscard]] std::uint32_t pageBytes() const noexcept {
    std::uint32_t least = 65536;
    for (const ImagePiece& piece : pieces_) least = std::min(least, blockOf(piece).pageBytes);
    return least;
  }
  [[nodiscard]] bool isAligned(std::uint32_t pageBytes) const noexcept {
    return std::all_of(pieces_.begin(), pieces_.end(), [pageBytes](const ImagePiece& piece) {
      return piece.blockOffset % pageBytes == 0;
    });
  }

  struct Stretch {
    std::uint64_t length;
    PageKind kind;
  };
  // What comes next; absent and zero ranges may be long.
  [[nodiscard]] Stretch next() noexcept {
    const ImagePiece& piece = pieces_[piece_];
    const std::uint64_t offset = piece.blockOffset + done_;
    const RamBlock& block = blockOf(piece);
    const PageRun run = block.table->runAt(offset / block.pageBytes);
    std::uint64_t length = run.pages * block.pageBytes - offset % block.pageBytes;
    length = std::min(length, piece.length - done_);
    return {length, run.kind == PageKind::fill && run.fill == 0 ? PageKind::zero : run.kind};
  }
  Status read(std::uint64_t length) noexcept {
    const ImagePiece& piece = pieces_[piece_];
    return image_->read(blockOf(piece), piece.blockOffset + done_, {buffer_.get(), length});
  }
  [[nodiscard]] const std::uint8_t* bytes() const noexcept { return buffer_.get(); }
  void advance(std::uint64_t length) noexcept {
    done_ += length;
    if (done_ == pieces_[piece_].length) {
      ++piece_;
      done_ = 0;
    }
  }

 private:
  [[nodiscard]] const RamBlock& blockOf(const ImagePiece& piece) const noexcept {
    return image_->blocks[piece.block];
  }
  const RamImage* image_ = nullptr;
  std::vector<ImagePiece> pieces_;
  std::size_t piece_ = 0;
  std::uint64_t done_ = 0;
  std::unique_ptr<std::uint8_t[]> buffer_;
};

class Differences {
 public:
  Differences(ImageDiff& diff, std::size_t limit) noexcept : diff_(diff), limit_(limit) {}

  void add(const Difference& found) noexcept {
    const std::uint64_t pages = pagesIn(found.bytes);
    diff_.differentPages += pages;
    if (found.kind == DifferenceKind::absentInFirst) diff_.absentInFirst += pages;
    if (found.kind == DifferenceKind::absentInSecond) diff_.absentInSecond += pages;
    if (last_.bytes > 0 && last_.kind == found.kind && last_.start + last_.bytes == found.start) {
      last_.bytes += found.bytes;
      if (diff_.differentRuns <= limit_ && limit_ > 0) diff_.runs.back().bytes += found.bytes;
      return;
    }
    last_ = found;
    diff_.differentRuns += 1;
    if (diff_.runs.size() < limit_) diff_.runs.push_back(found);
  }

  void addAbsent(std::uint64_t bytes) noexcept { diff_.absentInBoth += pagesIn(bytes); }

  void compare(std::uint64_t start, const std::uint8_t* first, const std::uint8_t* second,
               std::uint64_t length) noexcept {
    if (std::memcmp(first, second, length) == 0) return;
    for (std::uint64_t at = 0; at < length; at += diff_.pageBytes) {
      const std::uint64_t bytes = std::min<std::uint64_t>(diff_.pageBytes, length - at);
      if (std::memcmp(first + at, second + at, bytes) != 0) {
        addPage(start + at, first + at, second + at, bytes);
      }
    }
  }

 private:
  [[nodiscard]] std::uint64_t pagesIn(std::uint64_t bytes) const noexcept {
    return (bytes + diff_.pageBytes - 1) / diff_.pageBytes;
  }
  void addPage(std::uint64_t start, const std::uint8_t* first, const std::uint8_t* second,
               std::uint64_t bytes) noexcept {
    Difference found{start, bytes, DifferenceKind::content, 0, 0, 0};
    bool any = false;
    for (std::uint64_t i = 0; i < bytes; ++i) {
      if (first[i] == second[i]) continue;
      if (!any) {
        found.byteOffset = static_cast<std::uint32_t>(i);
        found.first = first[i];
        found.second = second[i];
        any = true;
      }
      diff_.differentBytes += 1;
    }
    add(found);
  }

  ImageDiff& diff_;
  std::size_t limit_;
  Difference last_;
};

bool isNothing(PageKind kind, bool absentIsZero) noexcept {
  return kind == PageKind::zero || (absentIsZero && kind == PageKind::absent);
}

}  // namespace

Result<ImageDiff> diffImages(const DiffRequest& request, Progress& progress,
                             const CancelFlag& cancel) noexcept {
  using Compared = Result<ImageDiff>;
  Walk first;
  Walk second;
  Status status = first.open(request.first, request.length);
  if (status.ok()) status = second.open(request.second, request.length);
  if (!status.ok()) return Compared::failed(status);
  ImageDiff diff;
  diff.pageBytes = std::min(first.pageBytes(), second.pageBytes());
  if (!first.isAligned(diff.pageBytes) || !second.isAligned(diff.pageBytes)) {
    return Compared::failed(Status::of(Fault::badArgument, "a side that starts within a page"));
  }
  diff.pages = (request.length - 1) / diff.pageBytes + 1;
  progress.expect(diff.pages);
  Differences differences(diff, request.limit);
  for (std::uint64_t done = 0; done < request.length;) {
    if (cancel.isSet()) return Compared::failed(Status::of(Fault::cancelled, "diff"));
    const Walk::Stretch a = first.next();
    const Walk::Stretch b = second.next();
    const bool aAbsent = a.kind == PageKind::absent && !request.absentIsZero;
    const bool bAbsent = b.kind == PageKind::absent && !request.absentIsZero;
    const bool aZero = isNothing(a.kind, request.absentIsZero);
    const bool bZero = isNothing(b.kind, request.absentIsZero);
    std::uint64_t length = std::min(a.length, b.length);
    const std::uint64_t start = request.first.start + done;
    if (aAbsent != bAbsent) {
      differences.add({start, length,
                       aAbsent ? DifferenceKind::absentInFirst : DifferenceKind::absentInSecond, 0,
                       0, 0});
    } else if (aAbsent) {
      differences.addAbsent(length);
    } else if (!(aZero && bZero)) {
      length = std::min(length, kComparedBytes);
      status = first.read(length);
      if (status.ok()) status = second.read(length);
      if (!status.ok()) return Compared::failed(status);
      differences.compare(start, first.bytes(), second.bytes(), length);
    }
    first.advance(length);
    second.advance(length);
    done += length;
    progress.add(length / diff.pageBytes);
  }
  return Compared::of(std::move(diff));
}

}  // namespace drover
