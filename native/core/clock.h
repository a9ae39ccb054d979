// Time in nanoseconds, and a sleep that ends early only by a signal.
#pragma once

#include <sys/prctl.h>

#include <cstdint>
#include <ctime>

namespace drover {

inline std::uint64_t clockNs(clockid_t clock) noexcept {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U +
         static_cast<std::uint64_t>(now.tv_nsec);
}

inline std::uint64_t monotonicNs() noexcept {
  return clockNs(CLOCK_MONOTONIC);
}

// Since 1970, the clock of QMP's time stamps.
inline std::uint64_t realtimeNs() noexcept {
  return clockNs(CLOCK_REALTIME);
}

// Lets short sleeps of this thread end on time; the default adds 50 us.
inline void wakeOnTime() noexcept {
  ::prctl(PR_SET_TIMERSLACK, 1'000UL, 0, 0, 0);
}

inline void sleepNs(std::uint64_t ns) noexcept {
  const timespec pause{static_cast<time_t>(ns / 1'000'000'000U),
                       static_cast<long>(ns % 1'000'000'000U)};
  ::nanosleep(&pause, nullptr);
}

}  // namespace drover
