// One connection that a relay passes on, and what faults and ends of one side mean for the other.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/descriptor.h"
#include "core/hop/direction.h"
#include "core/hop/hop_fault.h"
#include "core/hop/traffic.h"

namespace drover {

// A fault of one direction of one connection, or of all.
struct HopOrder {
  static constexpr std::size_t kAll = SIZE_MAX;
  std::size_t connection = kAll;  // in the order in which the source made them; those to come, too
  bool toSource = false;
  HopFault fault;
};

struct HopConnection {
  std::uint64_t index = 0;
  Descriptor source;
  Descriptor destination;
  Traffic sent;
  Traffic answered;
  Direction toDestination;
  Direction toSource;
  bool isConnected = false;
  bool isReady = true;   // something has changed, or it did only its share of work
  bool hasSent = false;  // all that it will: the source has ended its direction
  bool isGone = false;   // one end has closed: nothing is withheld any more
  bool isOver = false;
  std::uint64_t lingersUntilNs = 0;

  // If the order is for it.
  void take(const HopOrder& order) noexcept;
  // It changes as time passes, too, not at its sockets only.
  [[nodiscard]] bool isTimed() const noexcept {
    return toDestination.isTimed() || toSource.isTimed() || lingersUntilNs > 0;
  }
  // To be closed, with the directions in these states.
  bool isDone(Direction::State forth, Direction::State back) noexcept;
  // As the fault of a direction wants it. The sender's socket stays open, unread, unless the fault
  // says otherwise.
  void cut(bool isToSource) noexcept;
  void close() noexcept;
};

}  // namespace drover
