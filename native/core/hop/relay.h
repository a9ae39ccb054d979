// Listens in place of a migration's destination and passes every connection on to it, each
// direction by itself: one that ends leaves the other open. A thread of its own does the work;
// what is passed on is not copied, nor is it read. On order the relay does harm instead.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "core/descriptor.h"
#include "core/hop/connection.h"
#include "core/hop/socket_address.h"
#include "core/status.h"
#include "core/thread.h"

namespace drover {

// One connection, in the order in which the source made them. It stays in the list when it ends.
struct RelayedConnection {
  int firstByte = -1;  // that the source sent, or -1
  TrafficFacts toDestination;
  TrafficFacts toSource;
};

class Relay {
 public:
  // withheld: the source hears nothing from the destination before `answer`.
  static Result<std::unique_ptr<Relay>> open(const SocketAddress& listenHere,
                                             const SocketAddress& target, bool withheld) noexcept;
  // Ends all connections, and removes the file of its own UNIX socket.
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  [[nodiscard]] const SocketAddress& address() const noexcept { return address_; }
  [[nodiscard]] std::vector<RelayedConnection> connections() const noexcept;
  // From now on the source hears what the destination has sent.
  void answer() noexcept;
  // Holds from the moment when nothing `isPending`, which is soon.
  void order(const HopOrder& order) noexcept;
  // Ends all faults, and forgets those that have not begun. A socket that was closed stays so.
  void heal() noexcept;
  // The relay's thread has not seen all orders yet.
  [[nodiscard]] bool isPending() const noexcept;
  // An error number that says what the host had no more of when the relay needed it, or 0. The
  // relay tries again, but QEMU may have given up.
  [[nodiscard]] int exhausted() const noexcept { return exhausted_; }

 private:
  using Connection = HopConnection;

  Relay() = default;
  // When to look again, the most urgent last: at the next change, after a pause, at once.
  enum class Next : std::uint8_t { waits, retry, busy };

  void work() noexcept;
  void notice(std::uint32_t change, std::uint64_t tag) noexcept;
  void takeOrders() noexcept;
  void accept() noexcept;
  void connect(Connection& connection) noexcept;
  bool noteExhausted(int error) noexcept;
  Next advance(Connection& connection) noexcept;
  bool watch(int fd, std::uint32_t events, std::uint64_t tag) const noexcept;
  void wake() const noexcept;

  SocketAddress address_;
  SocketAddress target_;
  Descriptor listener_;
  Descriptor epoll_;
  Descriptor wake_;
  std::atomic<bool> stop_{false};
  std::atomic<bool> withheld_{false};
  std::atomic<int> exhausted_{0};
  bool isDeaf_ = false;      // the listener is not watched until descriptors are free
  mutable std::mutex lock_;  // of the lists; a connection is the thread's own but for its traffic
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<HopOrder> ordered_;  // that the thread has not seen
  bool toHeal_ = false;
  std::vector<HopOrder> standing_;  // the thread's own: for connections to come
  Thread thread_;                   // last, so that it has ended before the rest goes
};

}  // namespace drover
