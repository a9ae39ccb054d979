#include <sys/resource.h>

#include "relay_line.h"

using namespace drover;
using namespace drover::test;

TEST_CASE("a relay passes on both directions, and each ends by itself") {
  for (const bool tcp : {false, true}) {
    CAPTURE(tcp);
    const Line line(false, tcp);
    const Ends ends = connected(line);
    const std::string much = pattern(5'000'001);
    CHECK(passed(ends.source, ends.destination, much) == much);
    CHECK(passed(ends.destination, ends.source, much) == much);
    ::shutdown(ends.source.get(), SHUT_WR);
    CHECK(receive(ends.destination).empty());
    send(ends.destination, "still here");
    CHECK(receive(ends.source, 10) == "still here");
    const auto facts = line.relay->connections();
    REQUIRE(facts.size() == 1);
    CHECK(facts[0].toDestination.takenBytes == much.size());
    CHECK(facts[0].firstByte == 0);
  }
}

TEST_CASE("a relay with many connections keeps them apart") {
  const Line line(false);
  std::vector<Ends> all;
  all.reserve(40);
  for (int i = 0; i < 40; ++i) all.push_back(connected(line));
  for (std::size_t i = 0; i < all.size(); ++i) send(all[i].source, std::to_string(1000 + i));
  for (std::size_t i = 0; i < all.size(); ++i) {
    CHECK(receive(all[i].destination, 4) == std::to_string(1000 + i));
  }
  for (const auto& fact : line.relay->connections()) {
    CHECK(fact.toDestination.takenBytes == 4);
    CHECK(fact.firstByte == '1');
  }
}

TEST_CASE("a relay that withholds lets go when it is asked to, or when the destination is gone") {
  for (const bool asked : {true, false}) {
    CAPTURE(asked);
    const Line line(true);
    Ends ends = connected(line);
    send(ends.source, "request");
    CHECK(receive(ends.destination, 7) == "request");
    send(ends.destination, "answer");
    CHECK_FALSE(isReady(ends.source.get(), POLLIN, 30));
    if (asked) {
      line.relay->answer();
    } else {
      ends.destination = Descriptor();
    }
    CHECK(receive(ends.source, 6) == "answer");
  }
}

TEST_CASE("a relay counts what each direction carries, and says when") {
  const std::uint64_t before = monotonicNs();
  const Line line(false);
  const Ends ends = connected(line);
  send(ends.source, "request");
  CHECK(receive(ends.destination, 7) == "request");
  send(ends.destination, "answer");
  CHECK(receive(ends.source, 6) == "answer");
  const auto facts = line.relay->connections();
  REQUIRE(facts.size() == 1);
  const TrafficFacts& forth = facts[0].toDestination;
  const TrafficFacts& back = facts[0].toSource;
  CHECK(forth.takenBytes == 7);
  CHECK(back.takenBytes == 6);
  CHECK(forth.droppedBytes == 0);
  CHECK(forth.faults == 0);
  CHECK(before <= forth.firstNs);
  CHECK(forth.firstNs <= back.firstNs);
  CHECK(back.lastNs <= monotonicNs());
}

TEST_CASE("what a sender sent before its reset arrives") {
  const Line line(false, true);
  Ends ends = connected(line);
  // more than the destination takes at once, less than the relay keeps
  const std::string text = pattern(700'000);
  int size = 4096;
  ::setsockopt(ends.destination.get(), SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
  std::size_t sent = 0;
  while (sent < text.size() && isReady(ends.source.get(), POLLOUT)) {
    const ssize_t done = ::send(ends.source.get(), &text[sent], text.size() - sent, MSG_NOSIGNAL);
    if (done > 0) sent += static_cast<std::size_t>(done);
  }
  REQUIRE(sent == text.size());
  const auto taken = [&] { return line.relay->connections()[0].toDestination.takenBytes; };
  const std::uint64_t until = monotonicNs() + std::uint64_t{kWaitMs} * 1'000'000U;
  while (taken() < text.size() && monotonicNs() < until) sleepNs(1'000'000);
  REQUIRE(taken() == text.size());
  const linger atOnce{1, 0};
  ::setsockopt(ends.source.get(), SOL_SOCKET, SO_LINGER, &atOnce, sizeof(atOnce));
  ends.source = Descriptor();
  CHECK(receive(ends.destination) == text);
}

TEST_CASE("one end of a relayed connection that breaks breaks the other") {
  for (const bool isSource : {true, false}) {
    CAPTURE(isSource);
    const Line line(false);
    Ends ends = connected(line);
    (isSource ? ends.source : ends.destination) = Descriptor();
    const Descriptor& left = isSource ? ends.destination : ends.source;
    CHECK(receive(left).empty());
    const std::uint64_t until = monotonicNs() + std::uint64_t{kWaitMs} * 1'000'000U;
    while (::send(left.get(), "x", 1, MSG_NOSIGNAL) == 1 && monotonicNs() < until) sleepNs(100'000);
    CHECK(monotonicNs() < until);
  }
}

TEST_CASE("a destination that does not listen ends the connection") {
  Line line(false);
  line.listener = Descriptor();
  const Descriptor source = std::move(connectTo(line.relay->address()).value);
  CHECK(receive(source).empty());
  CHECK(isReady(source.get(), POLLIN));
}

TEST_CASE("addresses that no socket has are refused") {
  CHECK_FALSE(SocketAddress::unixPath("").ok());
  CHECK_FALSE(SocketAddress::unixPath(std::string(108, 'x')).ok());
  CHECK_FALSE(SocketAddress::tcp("no.such.host.invalid", 1).ok());
  const auto here = SocketAddress::unixPath("/nowhere/socket");
  const auto opened = Relay::open(here.value, here.value, false);
  CHECK(opened.status.sysErrno == ENOENT);
  CHECK(std::string_view(opened.status.call) == "bind");
}

TEST_CASE("a host without descriptors delays a connection, and the relay says so") {
  const Line line(false);
  Descriptor source = std::move(connectTo(line.relay->address()).value);
  // The first one has been accepted: from here on the relay needs more.
  REQUIRE(isReady(line.listener.get(), POLLIN));
  CHECK(line.relay->exhausted() == 0);
  rlimit usual{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &usual) == 0);
  Descriptor late = Descriptor::own(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(late.isOpen());
  rlimit none = usual;
  none.rlim_cur = 0;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  const SocketAddress& address = line.relay->address();
  const int connected = ::connect(late.get(), address.raw(), address.length);
  const bool noticed = soon([&] { return line.relay->exhausted() == EMFILE; });
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &usual) == 0);
  CHECK(connected == 0);
  CHECK(noticed);
  CHECK(soon([&] { return line.relay->connections().size() == 2; }));
  CHECK(::send(late.get(), "late", 4, MSG_NOSIGNAL) == 4);
  CHECK(soon([&] { return line.relay->connections()[1].toDestination.passedBytes == 4; }));
}
