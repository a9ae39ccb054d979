// Monotonic time in nanoseconds, and a sleep that ends early only by a signal.
#pragma once

#include <cstdint>
#include <ctime>

namespace drover {

inline std::uint64_t monotonicNs() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U +
         static_cast<std::uint64_t>(now.tv_nsec);
}

inline void sleepNs(std::uint64_t ns) noexcept {
  const timespec pause{static_cast<time_t>(ns / 1'000'000'000U),
                       static_cast<long>(ns % 1'000'000'000U)};
  ::nanosleep(&pause, nullptr);
}

}  // namespace drover
