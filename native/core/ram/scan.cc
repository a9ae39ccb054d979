#include "core/ram/scan.h"

#include <array>

#include "core/chunks.h"

namespace drover {
namespace {

class Worker {
 public:
  Worker(const PageSource& source, const ScanRange& range, const Kernel& kernel,
         StampRuns& runs) noexcept
      : source_(source), range_(range), kernel_(kernel), runs_(runs) {}

  Status work(std::size_t chunk) noexcept {
    const std::size_t pages = runs_.pagesIn(chunk);
    const std::uint64_t firstPage = std::uint64_t{chunk} * StampRuns::kChunkPages;
    const Strided wanted{range_.start + firstPage * range_.step, range_.step, pages};
    const Status status = source_.gather(wanted, kernel_, stamps_.data());
    if (status.ok()) runs_.put(chunk, StampChunk::of(std::span(stamps_).first(pages)));
    return status;
  }

 private:
  const PageSource& source_;
  const ScanRange& range_;
  const Kernel& kernel_;
  StampRuns& runs_;
  std::array<std::uint8_t, StampRuns::kChunkPages> stamps_;
};

}  // namespace

Result<StampRuns> scanStamps(const PageSource& source, const ScanRange& range, const Kernel& kernel,
                             unsigned threads, const CancelFlag& cancel) noexcept {
  if (!range.isValid()) {
    return Result<StampRuns>::failed(Status::of(Fault::badArgument, "an empty range"));
  }
  Result<StampRuns> runs = StampRuns::forPages(range.pages());
  if (!runs.ok()) return runs;
  const Status status = forEachChunk(runs.value.chunkCount(), threads, cancel, [&]() noexcept {
    return Worker(source, range, kernel, runs.value);
  });
  return status.ok() ? std::move(runs) : Result<StampRuns>::failed(status);
}

}  // namespace drover
