#include "core/ram/scan.h"

#include <array>
#include <atomic>
#include <mutex>
#include <vector>

#include "core/thread.h"

namespace drover {
namespace {

// What the threads of one scan share. Each takes the next chunk until none is left or one has
// failed.
class Scan {
 public:
  Scan(const PageSource& source, const ScanRange& range, const Kernel& kernel,
       const CancelFlag& cancel, StampRuns runs) noexcept
      : source_(source), range_(range), kernel_(kernel), cancel_(cancel), runs_(std::move(runs)) {}

  void work() noexcept {
    std::array<std::uint8_t, StampRuns::kChunkPages> stamps;
    for (;;) {
      const std::size_t chunk = next_.fetch_add(1, std::memory_order_relaxed);
      if (chunk >= runs_.chunkCount() || failed_.load(std::memory_order_relaxed)) return;
      const Status status =
          cancel_.isSet() ? Status::of(Fault::cancelled, "scan") : fetch(chunk, stamps);
      if (!status.ok()) return fail(chunk, status);
    }
  }

  // After all threads ended.
  [[nodiscard]] Result<StampRuns> take() noexcept {
    if (failed_) return Result<StampRuns>::failed(failure_);
    return Result<StampRuns>::of(std::move(runs_));
  }

 private:
  Status fetch(std::size_t chunk, std::span<std::uint8_t> stamps) noexcept {
    const std::size_t pages = runs_.pagesIn(chunk);
    const std::uint64_t firstPage = std::uint64_t{chunk} * StampRuns::kChunkPages;
    const Strided wanted{range_.start + firstPage * range_.step, range_.step, pages};
    const Status status = source_.gather(wanted, kernel_, stamps.data());
    if (!status.ok()) return status;
    Result<StampChunk> held = StampChunk::of(stamps.first(pages));
    if (held.ok()) runs_.put(chunk, std::move(held.value));
    return held.status;
  }

  // The failure at the lowest address is kept, so that the answer depends less on timing.
  void fail(std::size_t chunk, const Status& status) noexcept {
    const std::lock_guard lock(failureLock_);
    if (!failed_ || chunk < failedChunk_) {
      failure_ = status;
      failedChunk_ = chunk;
    }
    failed_ = true;
  }

  const PageSource& source_;
  const ScanRange& range_;
  const Kernel& kernel_;
  const CancelFlag& cancel_;
  StampRuns runs_;
  std::atomic<std::size_t> next_{0};
  std::atomic<bool> failed_{false};
  std::mutex failureLock_;
  std::size_t failedChunk_ = 0;
  Status failure_;
};

}  // namespace

Result<StampRuns> scanStamps(const PageSource& source, const ScanRange& range, const Kernel& kernel,
                             unsigned threads, const CancelFlag& cancel) noexcept {
  if (!range.isValid()) {
    return Result<StampRuns>::failed(Status::of(Fault::badArgument, "an empty range"));
  }
  Result<StampRuns> room = StampRuns::forPages(range.pages());
  if (!room.ok()) return room;
  Scan scan(source, range, kernel, cancel, std::move(room.value));
  {
    std::vector<Thread> others;
    for (unsigned i = 1; i < threads; ++i) {
      others.push_back(Thread::start([](void* raw) { static_cast<Scan*>(raw)->work(); }, &scan));
    }
    scan.work();
  }
  return scan.take();
}

}  // namespace drover
