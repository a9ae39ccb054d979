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

struct Relay::Connection {
  std::uint64_t index = 0;
  Descriptor source;
  Descriptor destination;
  Taken sent;
  Taken answered;
  Direction toDestination;
  Direction toSource;
  bool isConnected = false;
  bool isReady = true;   // something has changed, or it did only its share of work
  bool hasSent = false;  // all that it will: the source has ended its direction
  bool isGone = false;   // one end has closed: nothing is withheld any more
  bool isOver = false;
};

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
    out.push_back({connection->sent.firstByte, connection->sent.bytes});
  }
  return out;
}

void Relay::answer() noexcept {
  withheld_ = false;
  wake();
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
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      notice(event.events, event.data.u64);
    }
    next = Next::waits;
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
    for (const auto& connection : connections_) connection->isReady = true;
    return;
  }
  Connection& connection = *connections_[tag];
  connection.isReady = true;
  // A hang-up before the source has ended is the destination's, or the source's own.
  if ((change & (EPOLLHUP | EPOLLERR)) != 0 && !connection.hasSent) connection.isGone = true;
}

void Relay::accept() noexcept {
  for (;;) {
    Descriptor source =
        Descriptor::own(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!source.isOpen()) {
      // Without descriptors it would be told for ever that somebody waits. Who waits now goes on
      // waiting, and the migration ends by its deadline.
      const bool isForLater = errno == EAGAIN || errno == EINTR || errno == ECONNABORTED;
      if (!isForLater) ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, listener_.get(), nullptr);
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
    if (destination.status.sysErrno != EAGAIN) close(connection);
    return;
  }
  connection.destination = std::move(destination.value);
  const int from = connection.source.get();
  const int to = connection.destination.get();
  Result<Direction> forth = Direction::open(from, to, connection.sent, kMemoryPipeBytes);
  Result<Direction> back = Direction::open(to, from, connection.answered, 0);
  if (!forth.ok() || !back.ok() || !watch(from, kAnyChange, connection.index) ||
      !watch(to, kAnyChange, connection.index)) {
    close(connection);
    return;
  }
  connection.toDestination = std::move(forth.value);
  connection.toSource = std::move(back.value);
  connection.isConnected = true;
}

Relay::Next Relay::advance(Connection& connection) noexcept {
  if (connection.isOver) return Next::waits;
  if (!connection.isConnected) {
    connect(connection);
    if (connection.isOver) return Next::waits;
    if (!connection.isConnected) return Next::retry;
  }
  if (!std::exchange(connection.isReady, false)) return Next::waits;
  using State = Direction::State;
  const bool isSilent = withheld_ && !connection.isGone;
  const State forth = connection.toDestination.advance();
  connection.hasSent = forth == State::ended;
  const State back = isSilent ? State::waits : connection.toSource.advance();
  // QEMU may end, or shut its socket down, in the middle: the other one has to notice.
  const bool isBroken = forth == State::broken || back == State::broken;
  if (isBroken || (forth == State::ended && back == State::ended)) {
    close(connection);
    return Next::waits;
  }
  connection.isReady = forth == State::busy || back == State::busy;
  return connection.isReady ? Next::busy : Next::waits;
}

void Relay::close(Connection& connection) noexcept {
  connection.isOver = true;
  connection.source = Descriptor();
  connection.destination = Descriptor();
  connection.toDestination = Direction();
  connection.toSource = Direction();
}

}  // namespace drover
