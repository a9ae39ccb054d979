// When a guest wrote to a device: the moments at which bytes came out of a FIFO that QEMU writes
// to.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/descriptor.h"
#include "core/status.h"
#include "core/thread.h"

namespace drover {

class Pulses {
 public:
  // Makes the FIFO, and opens it before QEMU does, which would wait for a reader. A thread of its
  // own reads what comes at once, so that a guest never waits for room.
  static Result<std::unique_ptr<Pulses>> open(const std::string& path) noexcept;
  // Removes the FIFO.
  ~Pulses();
  Pulses(const Pulses&) = delete;
  Pulses& operator=(const Pulses&) = delete;

  // Milliseconds of CLOCK_REALTIME since 1970, as in QMP's time stamps, in ascending order. The
  // last kMost of them.
  [[nodiscard]] std::vector<double> times() const noexcept;

  // minutes of a guest that writes a byte some thousand times a second
  static constexpr std::size_t kMost = 1U << 19U;

 private:
  explicit Pulses(std::string path) noexcept : path_(std::move(path)) {}
  void work() noexcept;

  std::string path_;
  Descriptor fifo_;
  // Held open so that the FIFO never ends, whichever QEMU comes and goes.
  Descriptor writer_;
  std::atomic<bool> stop_{false};
  mutable std::mutex lock_;
  std::deque<double> times_;
  Thread thread_;  // last, so that it has ended before the rest goes
};

}  // namespace drover
