#include "core/hop/connection.h"

#include <sys/socket.h>

#include <utility>

#include "core/clock.h"

namespace drover {
namespace {

// A socket that takes nothing keeps what is meant for it this long after the other end has gone.
constexpr std::uint64_t kLingerNs = 1'000'000'000;

void reset(const Descriptor& socket) noexcept {
  const linger atOnce{1, 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &atOnce, sizeof(atOnce));
}

}  // namespace

void HopConnection::take(const HopOrder& order) noexcept {
  if (order.connection != HopOrder::kAll && order.connection != index) return;
  (order.toSource ? toSource : toDestination).add(order.fault);
}

// QEMU may end, or shut its socket down, in the middle: the other one has to notice. What an end
// does reaches the other one by the direction that leads there, unless a fault keeps it back.
bool HopConnection::isDone(Direction::State forth, Direction::State back) noexcept {
  using State = Direction::State;
  if (forth == State::senderGone || back == State::senderGone) return true;
  const auto hasEnded = [](State state) {
    return state == State::ended || state == State::receiverGone;
  };
  if (hasEnded(forth) && hasEnded(back)) return true;
  if (forth != State::receiverGone && back != State::receiverGone) return false;
  if ((forth == State::receiverGone ? toSource : toDestination).isSilent()) return false;
  const std::uint64_t nowNs = monotonicNs();
  if (lingersUntilNs == 0) lingersUntilNs = nowNs + kLingerNs;
  return nowNs >= lingersUntilNs;
}

void HopConnection::cut(bool isToSource) noexcept {
  const HopFault fault = (isToSource ? toSource : toDestination).cutting();
  const Descriptor& receiver = isToSource ? source : destination;
  Descriptor& sender = isToSource ? destination : source;
  if (fault.action == HopAction::rst) {
    reset(receiver);
    if (fault.closesSender) reset(sender);
  }
  Descriptor kept;
  if (!fault.closesSender) kept = std::move(sender);
  close();
  sender = std::move(kept);
}

void HopConnection::close() noexcept {
  isOver = true;
  source = Descriptor();
  destination = Descriptor();
  toDestination = Direction();
  toSource = Direction();
}

}  // namespace drover
