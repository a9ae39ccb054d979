#include "core/ram/mapped_source.h"

#include <algorithm>

namespace drover {
namespace {

// As fast per page as larger ones, and little is left to single faults where a scan covers a
// granule in part.
constexpr std::uint64_t kGranule = std::uint64_t{4} << 20;

// With stamps further apart than this, one fault per stamp is cheaper than an entry for every page
// between.
constexpr std::uint64_t kLargestStepToPopulate = 16384;

}  // namespace

Result<std::shared_ptr<MappedSource>> MappedSource::open(
    std::shared_ptr<FileSource> file) noexcept {
  using Opened = Result<std::shared_ptr<MappedSource>>;
  Result<Mapping> mapping = Mapping::whole(file->fd());
  if (!mapping.ok()) return Opened::failed(mapping.status);
  // The size was read again for the mapping, so the regions are checked against that one.
  if (mapping.value.size() < file->regions().targetEnd()) {
    return Opened::failed(Status::of(Fault::tooSmall, "the file ends before the last region"));
  }
  const std::uint64_t granules = mapping.value.size() / kGranule + 1;
  return Opened::of(std::shared_ptr<MappedSource>(new MappedSource(
      std::move(file), std::move(mapping.value), std::make_unique<std::atomic<bool>[]>(granules))));
}

void MappedSource::populateOnce(std::uint64_t offset, std::uint64_t length) const noexcept {
  const std::uint64_t end = offset + length;
  while (offset < end) {
    const std::uint64_t granule = offset / kGranule;
    const std::uint64_t stop = std::min(end, (granule + 1) * kGranule);
    if (!populated_[granule].exchange(true, std::memory_order_relaxed)) {
      mapping_.populate(offset, stop - offset);
    }
    offset = stop;
  }
}

Status MappedSource::gather(const Strided& pages, const Kernel& kernel,
                            std::uint8_t* out) const noexcept {
  return file_->regions().forEachPiece(pages, [&](const Piece& piece) noexcept {
    if (pages.step <= kLargestStepToPopulate) {
      populateOnce(piece.target, (piece.count - 1) * pages.step + 1);
    }
    kernel.gather(mapping_.at(piece.target), pages.step, piece.count, out + piece.firstIndex);
    return Status{};
  });
}

}  // namespace drover
