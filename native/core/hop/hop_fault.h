// What a relay does to one direction of a connection instead of passing it on.
#pragma once

#include <cstdint>

namespace drover {

enum class HopAction : std::uint8_t {
  stall,      // reads no more; what was taken before still arrives
  blackhole,  // reads and drops
  fin,        // closes the receiver's socket in good order
  rst,        // resets the receiver's connection; a UNIX socket has no reset and is closed
  halfClose,  // ends this direction only, and reads no more
  drop,       // leaves out `amount` bytes
  flip,       // inverts bit `amount` (0 to 7) of the next byte
  delay,      // reads nothing for `amount` nanoseconds
  rate,       // passes on `amount` bytes a second
  holdBack,   // the last `amount` bytes, and the end, stay with the relay
};
constexpr std::uint8_t kHopActions = 10;

// Until `heal`, an end, or a fault of the other direction, says otherwise, `stall`, `blackhole`,
// `halfClose`, `rate` and `holdBack` last.
struct HopFault {
  HopAction action = HopAction::stall;
  std::uint64_t at = 0;  // begins when this many bytes were taken, or at once if there are more
  std::uint64_t amount = 0;
  bool closesSender = false;  // `fin` and `rst`: does the same to the sender's socket
};

// More than that a pipe might not take.
constexpr std::uint64_t kHoldBackMax = 1 << 20;

}  // namespace drover
