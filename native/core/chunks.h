// Work in numbered chunks on one or several threads: each takes the next chunk until all are done,
// one has failed or the caller cancels.
#pragma once

#include <atomic>
#include <cstddef>
#include <mutex>
#include <vector>

#include "core/cancel.h"
#include "core/status.h"
#include "core/thread.h"

namespace drover {

// makeWorker() is called once per thread and gives an object whose work(chunk) -> Status is called
// for each chunk the thread takes. The failure of the lowest chunk is the answer. Fewer threads may
// run when the system refuses more; the calling one always does.
template <class MakeWorker>
Status forEachChunk(std::size_t chunks, unsigned threads, const CancelFlag& cancel,
                    MakeWorker makeWorker) noexcept {
  struct Shared {
    std::size_t chunks;
    const CancelFlag& cancel;
    MakeWorker& makeWorker;
    std::atomic<std::size_t> next{0};
    std::atomic<bool> failed{false};
    std::mutex lock{};
    std::size_t failedChunk = 0;
    Status failure{};

    void run() noexcept {
      auto worker = makeWorker();
      for (;;) {
        const std::size_t chunk = next.fetch_add(1, std::memory_order_relaxed);
        if (chunk >= chunks || failed.load(std::memory_order_relaxed)) return;
        const Status status =
            cancel.isSet() ? Status::of(Fault::cancelled, "check") : worker.work(chunk);
        if (!status.ok()) return fail(chunk, status);
      }
    }
    void fail(std::size_t chunk, const Status& status) noexcept {
      const std::lock_guard guard(lock);
      if (!failed || chunk < failedChunk) {
        failure = status;
        failedChunk = chunk;
      }
      failed = true;
    }
  } shared{chunks, cancel, makeWorker};
  {
    std::vector<Thread> others;
    for (unsigned i = 1; i < threads && i < chunks; ++i) {
      others.push_back(Thread::start([](void* raw) { static_cast<Shared*>(raw)->run(); }, &shared));
    }
    shared.run();
  }
  return shared.failed ? shared.failure : Status{};
}

}  // namespace drover
