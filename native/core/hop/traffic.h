// What one direction of a connection has carried: written by the relay's thread, read by others.
#pragma once

#include <atomic>
#include <cstdint>

namespace drover {

// Times are of CLOCK_MONOTONIC, 0 before there is one.
struct TrafficFacts {
  std::uint64_t takenBytes = 0;    // from the sender; never behind what the receiver has
  std::uint64_t passedBytes = 0;   // to the receiver
  std::uint64_t droppedBytes = 0;  // by faults
  std::uint64_t firstNs = 0;       // when the first byte was taken, and the last one so far
  std::uint64_t lastNs = 0;
  std::uint32_t faults = 0;   // that have begun
  std::uint64_t faultNs = 0;  // when the last of them did
};

struct Traffic {
  std::atomic<std::uint64_t> taken{0};
  std::atomic<std::uint64_t> passed{0};
  std::atomic<std::uint64_t> dropped{0};
  std::atomic<std::uint64_t> firstNs{0};
  std::atomic<std::uint64_t> lastNs{0};
  std::atomic<std::uint32_t> faults{0};
  std::atomic<std::uint64_t> faultNs{0};
  std::atomic<int> firstByte{-1};  // -1 before there is one

  [[nodiscard]] TrafficFacts facts() const noexcept {
    return {taken, passed, dropped, firstNs, lastNs, faults, faultNs};
  }
};

}  // namespace drover
