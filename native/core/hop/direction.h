// What one socket sends, passed on to another without a copy: through a pipe, by splice.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "core/descriptor.h"
#include "core/status.h"

namespace drover {

// What has been taken from the sender so far; never behind what the receiver has.
struct Taken {
  std::atomic<std::uint64_t> bytes{0};
  std::atomic<int> firstByte{-1};  // -1 before there is one
};

class Direction {
 public:
  enum class State : std::uint8_t {
    waits,  // for more from the sender, or for room at the receiver
    busy,   // has done its share of work; there may be more
    ended,  // the sender has ended, and the receiver knows
    broken  // one of them is gone
  };

  // The sockets must not block. They and `taken` must outlive it. pipeBytes: 0 for the kernel's
  // usual size, which it also has where the host allows no other.
  static Result<Direction> open(int from, int to, Taken& taken, int pipeBytes) noexcept;

  // Passes on what is there, up to a share that keeps others waiting for a moment only. Call it
  // whenever something has changed at either socket.
  State advance() noexcept;

  Direction() = default;

 private:
  // Nothing more can be done now, or it may be called again, or the connection is broken.
  enum class Step : std::uint8_t { none, moved, failed };
  Step fill() noexcept;
  Step drain() noexcept;
  State end() noexcept;

  int from_ = -1;
  int to_ = -1;
  Taken* taken_ = nullptr;
  std::array<Descriptor, 2> pipe_;
  std::uint64_t held_ = 0;  // bytes in the pipe
  bool hasEnded_ = false;   // the sender
  bool isShut_ = false;     // the receiver has been told
};

}  // namespace drover
