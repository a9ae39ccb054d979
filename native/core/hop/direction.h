// What one socket sends, passed on to another without a copy: through a pipe, by splice.
#pragma once

#include <array>
#include <cstdint>

#include "core/descriptor.h"
#include "core/status.h"

namespace drover {

class Direction {
 public:
  enum class State : std::uint8_t {
    waits,  // for more from the sender, or for room at the receiver
    busy,   // has done its share of work; there may be more
    ended,  // the sender has ended, and the receiver knows
    broken  // one of them is gone
  };

  // The sockets must not block, and must outlive it.
  static Result<Direction> open(int from, int to) noexcept;

  // Passes on what is there, up to a share that keeps others waiting for a moment only. Call it
  // whenever something has changed at either socket.
  State advance() noexcept;

  [[nodiscard]] std::uint64_t passedBytes() const noexcept { return passedBytes_; }
  // What the sender sent first, or -1.
  [[nodiscard]] int firstByte() const noexcept { return firstByte_; }

  Direction() = default;

 private:
  // Nothing more can be done now, or it may be called again, or the connection is broken.
  enum class Step : std::uint8_t { none, moved, failed };
  Step fill() noexcept;
  Step drain() noexcept;
  State end() noexcept;

  int from_ = -1;
  int to_ = -1;
  std::array<Descriptor, 2> pipe_;
  std::uint64_t held_ = 0;  // bytes in the pipe
  std::uint64_t passedBytes_ = 0;
  int firstByte_ = -1;
  bool hasEnded_ = false;  // the sender
  bool isShut_ = false;    // the receiver has been told
};

}  // namespace drover
