#include "core/hop/relay.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace drover {
namespace {

// Tags of what epoll watches; a connection's is its index.
constexpr std::uint64_t kListener = UINT64_MAX;
constexpr std::uint64_t kWake = UINT64_MAX - 1;
// Multifd has 255 channels at most.
constexpr std::size_t kConnectionsMax = 512;
// More than a socket takes at once. Answers are short.
constexpr int kMemoryPipeBytes = 1 << 20;
// A UNIX socket whose queue is full is tried again after this time.
constexpr int kRetryMs = 5;
constexpr std::uint32_t kAnyChange = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;

}  // namespace

Result<std::unique_ptr<Relay>> Relay::open(const SocketAddress& listenHere,
                                           const SocketAddress& target, bool withheld) noexcept {
  using Opened = Result<std::unique_ptr<Relay>>;
  std::unique_ptr<Relay> relay(new Relay);
  relay->target_ = target;
  relay->withheld_ = withheld;
  Result<Descriptor> listener = listenAt(listenHere);
  if (!listener.ok()) return Opened::failed(listener.status);
  relay->listener_ = std::move(listener.value);
  const Result<SocketAddress> address = SocketAddress::ofSocket(relay->listener_.get());
  if (!address.ok()) return Opened::failed(address.status);
  relay->address_ = address.value;
  relay->epoll_ = Descriptor::own(::epoll_create1(EPOLL_CLOEXEC));
  if (!relay->epoll_.isOpen()) return Opened::failed(Status::system("epoll_create1", errno));
  relay->wake_ = Descriptor::own(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!relay->wake_.isOpen()) return Opened::failed(Status::system("eventfd", errno));
  if (!relay->watch(relay->listener_.get(), EPOLLIN, kListener) ||
      !relay->watch(relay->wake_.get(), EPOLLIN, kWake)) {
    return Opened::failed(Status::system("epoll_ctl", errno));
  }
  relay->thread_ = Thread::start([](void* raw) { static_cast<Relay*>(raw)->work(); }, relay.get());
  if (!relay->thread_.started()) return Opened::failed(Status::system("pthread_create", EAGAIN));
  return Opened::of(std::move(relay));
}

Relay::~Relay() {
  stop_ = true;
  wake();
  thread_.join();
  if (listener_.isOpen() && address_.isUnix()) ::unlink(address_.path());
}

std::vector<RelayedConnection> Relay::connections() const noexcept {
  const std::scoped_lock guard(lock_);
  std::vector<RelayedConnection> out;
  for (const auto& connection : connections_) {
    out.push_back(
        {connection->sent.firstByte, connection->sent.facts(), connection->answered.facts()});
  }
  return out;
}

void Relay::answer() noexcept {
  withheld_ = false;
  wake();
}

void Relay::order(const HopOrder& order) noexcept {
  {
    const std::scoped_lock guard(lock_);
    ordered_.push_back(order);
  }
  wake();
}

void Relay::heal() noexcept {
  {
    const std::scoped_lock guard(lock_);
    ordered_.clear();
    toHeal_ = true;
  }
  wake();
}

bool Relay::isPending() const noexcept {
  const std::scoped_lock guard(lock_);
  return toHeal_ || !ordered_.empty();
}

void Relay::wake() const noexcept {
  if (wake_.isOpen()) ::eventfd_write(wake_.get(), 1);
}

bool Relay::watch(int fd, std::uint32_t events, std::uint64_t tag) const noexcept {
  epoll_event event{};
  event.events = events;
  event.data.u64 = tag;
  return ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0;
}

void Relay::work() noexcept {
  std::array<epoll_event, 64> events{};
  Next next = Next::waits;
  while (!stop_) {
    const int timeoutMs = next == Next::busy ? 0 : next == Next::retry ? kRetryMs : -1;
    const int count =
        ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), timeoutMs);
    if (isDeaf_ && watch(listener_.get(), EPOLLIN, kListener)) isDeaf_ = false;
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      notice(event.events, event.data.u64);
    }
    next = isDeaf_ ? Next::retry : Next::waits;
    for (const auto& connection : connections_) next = std::max(next, advance(*connection));
  }
}

void Relay::notice(std::uint32_t change, std::uint64_t tag) noexcept {
  if (tag == kListener) {
    accept();
    return;
  }
  if (tag == kWake) {
    eventfd_t ignored = 0;
    ::eventfd_read(wake_.get(), &ignored);
    takeOrders();
    for (const auto& connection : connections_) connection->isReady = true;
    return;
  }
  Connection& connection = *connections_[tag];
  connection.isReady = true;
  // A hang-up before the source has ended is the destination's, or the source's own.
  if ((change & (EPOLLHUP | EPOLLERR)) != 0 && !connection.hasSent) connection.isGone = true;
}

// Under the lock to its end, so that what is no longer pending holds.
void Relay::takeOrders() noexcept {
  const std::scoped_lock guard(lock_);
  const bool heals = std::exchange(toHeal_, false);
  if (heals) standing_.clear();
  for (const auto& connection : connections_) {
    if (heals) {
      connection->toDestination.heal();
      connection->toSource.heal();
    }
    // One that has not connected yet gets them when it does.
    if (!connection->isConnected) continue;
    for (const HopOrder& order : ordered_) connection->take(order);
  }
  standing_.insert(standing_.end(), ordered_.begin(), ordered_.end());
  ordered_.clear();
}

// Whether an error says that the host has no more of something.
bool Relay::noteExhausted(int error) noexcept {
  constexpr std::array<int, 4> kExhausted = {EMFILE, ENFILE, ENOMEM, ENOBUFS};
  if (std::find(kExhausted.begin(), kExhausted.end(), error) == kExhausted.end()) return false;
  exhausted_ = error;
  return true;
}

void Relay::accept() noexcept {
  for (;;) {
    Descriptor source =
        Descriptor::own(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!source.isOpen()) {
      // Without descriptors epoll would say for ever that somebody waits: the next try is later.
      if (noteExhausted(errno) && !std::exchange(isDeaf_, true)) {
        ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, listener_.get(), nullptr);
      }
      return;
    }
    if (connections_.size() == kConnectionsMax) continue;
    sendAtOnce(source.get());
    auto connection = std::make_unique<Connection>();
    connection->index = connections_.size();
    connection->source = std::move(source);
    const std::scoped_lock guard(lock_);
    connections_.push_back(std::move(connection));
  }
}

void Relay::connect(Connection& connection) noexcept {
  Result<Descriptor> destination = connectTo(target_);
  if (!destination.ok()) {
    const int error = destination.status.sysErrno;
    if (error != EAGAIN && !noteExhausted(error)) connection.close();
    return;
  }
  const int from = connection.source.get();
  const int to = destination.value.get();
  Result<Direction> forth = Direction::open(from, to, connection.sent, kMemoryPipeBytes);
  Result<Direction> back = Direction::open(to, from, connection.answered, 0);
  if (noteExhausted(forth.status.sysErrno) || noteExhausted(back.status.sysErrno)) return;
  connection.destination = std::move(destination.value);
  if (!forth.ok() || !back.ok() || !watch(from, kAnyChange, connection.index) ||
      !watch(to, kAnyChange, connection.index)) {
    connection.close();
    return;
  }
  connection.toDestination = std::move(forth.value);
  connection.toSource = std::move(back.value);
  connection.isConnected = true;
  for (const HopOrder& order : standing_) connection.take(order);
}

Relay::Next Relay::advance(Connection& connection) noexcept {
  if (connection.isOver) return Next::waits;
  if (!connection.isConnected) {
    connect(connection);
    if (connection.isOver) return Next::waits;
    if (!connection.isConnected) return Next::retry;
  }
  Direction& toDestination = connection.toDestination;
  Direction& toSource = connection.toSource;
  if (!std::exchange(connection.isReady, false) && !connection.isTimed()) return Next::waits;
  using State = Direction::State;
  const bool isSilent = withheld_ && !connection.isGone;
  const State forth = toDestination.advance();
  connection.hasSent = forth == State::ended;
  const State back = isSilent ? State::waits : toSource.advance();
  if (forth == State::cut || back == State::cut) {
    connection.cut(back == State::cut);
    return Next::waits;
  }
  if (connection.isDone(forth, back)) {
    connection.close();
    return Next::waits;
  }
  connection.isReady = forth == State::busy || back == State::busy;
  if (connection.isReady) return Next::busy;
  return connection.isTimed() ? Next::retry : Next::waits;
}

}  // namespace drover
