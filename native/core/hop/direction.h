// What one socket sends, passed on to another without a copy: through a pipe, by splice. Faults
// change that: then some bytes are read and written.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>

#include "core/descriptor.h"
#include "core/hop/hop_fault.h"
#include "core/hop/traffic.h"
#include "core/status.h"

namespace drover {

class Direction {
 public:
  enum class State : std::uint8_t {
    waits,         // for more from the sender, for room at the receiver, or for a fault to end
    busy,          // has done its share of work; there may be more
    ended,         // the sender has ended, and the receiver knows
    senderGone,    // reset by the sender; the receiver has all that came before
    receiverGone,  // takes no more
    cut            // a fault wants the sockets closed: see `cutting`
  };

  // The sockets must not block. They and `traffic` must outlive it. pipeBytes: 0 for the kernel's
  // usual size, which it also has where the host allows no other.
  static Result<Direction> open(int from, int to, Traffic& traffic, int pipeBytes) noexcept;

  // Passes on what is there, up to a share that keeps others waiting for a moment only. Call it
  // whenever something has changed at either socket, and now and then while it `isTimed`.
  State advance() noexcept;

  void add(const HopFault& fault) noexcept;
  // Forgets all faults; those that are under way end.
  void heal() noexcept;
  [[nodiscard]] const HopFault& cutting() const noexcept { return cutting_; }
  // A fault keeps the receiver from hearing of the sender, its end included.
  [[nodiscard]] bool isSilent() const noexcept { return mode_ != Mode::passes || holdBack_ > 0; }
  [[nodiscard]] bool isTimed() const noexcept { return untilNs_ != 0 || bytesPerSecond_ != 0; }

  Direction() = default;

 private:
  enum class Mode : std::uint8_t { passes, stalls, swallows, shuts, cuts };
  // Nothing more can be done now, or it may be called again, or the connection is broken.
  enum class Step : std::uint8_t { none, moved, failed };
  Step fill() noexcept;
  Step peek() noexcept;
  Step splice(std::size_t most) noexcept;
  Step copy(std::size_t most, bool keep) noexcept;
  Step took(ssize_t got) noexcept;
  Step push() noexcept;
  Step drain() noexcept;
  void begin(const HopFault& fault) noexcept;
  [[nodiscard]] bool mayRead() noexcept;
  [[nodiscard]] std::size_t room() noexcept;
  bool shut() noexcept;

  int from_ = -1;
  int to_ = -1;
  Traffic* traffic_ = nullptr;
  std::array<Descriptor, 2> pipe_;
  std::uint64_t held_ = 0;  // bytes in the pipe
  bool hasEnded_ = false;   // the sender
  bool isReset_ = false;    // by the sender
  bool isShut_ = false;     // the receiver has been told
  bool receiverGone_ = false;

  std::deque<HopFault> faults_;  // that have not begun, by position
  Mode mode_ = Mode::passes;
  HopFault cutting_;
  std::deque<char> kept_;       // taken, but not in the pipe yet
  std::uint64_t holdBack_ = 0;  // this many of those stay
  std::uint64_t toDrop_ = 0;
  int toFlip_ = -1;  // bit of the next byte
  std::uint64_t untilNs_ = 0;
  std::uint64_t bytesPerSecond_ = 0;
  double allowance_ = 0;  // bytes
  std::uint64_t allowedNs_ = 0;
};

}  // namespace drover
