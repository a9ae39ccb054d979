#include "core/hop/relay.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#include <cerrno>
#include <string>

#include "core/clock.h"

using namespace drover;

namespace {

constexpr int kWaitMs = 10'000;

// A destination and a relay before it, in a folder of their own.
struct Line {
  explicit Line(bool withheld, bool tcp = false) {
    std::string name = "/tmp/drover-relay-XXXXXX";
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    folder = name;
    const auto place = [&](const char* file) {
      return tcp ? SocketAddress::tcp("127.0.0.1", 0) : SocketAddress::unixPath(folder + file);
    };
    listener = std::move(listenAt(place("/destination").value).value);
    REQUIRE(listener.isOpen());
    const auto target = SocketAddress::ofSocket(listener.get());
    auto opened = Relay::open(place("/relay").value, target.value, withheld);
    REQUIRE(opened.ok());
    relay = std::move(opened.value);
  }
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;
  ~Line() {
    relay.reset();
    ::unlink((folder + "/destination").c_str());
    // What is left behind keeps the folder.
    CHECK(::rmdir(folder.c_str()) == 0);
  }

  std::string folder;
  Descriptor listener;
  std::unique_ptr<Relay> relay;
};

bool isReady(int fd, short events, int waitMs = kWaitMs) {
  pollfd one{fd, events, 0};
  return ::poll(&one, 1, waitMs) == 1;
}

struct Ends {
  Descriptor source;
  Descriptor destination;
};

Ends connected(const Line& line) {
  Ends ends;
  ends.source = std::move(connectTo(line.relay->address()).value);
  REQUIRE(isReady(line.listener.get(), POLLIN));
  const int flags = SOCK_NONBLOCK | SOCK_CLOEXEC;
  ends.destination = Descriptor::own(::accept4(line.listener.get(), nullptr, nullptr, flags));
  REQUIRE(ends.destination.isOpen());
  return ends;
}

void send(const Descriptor& to, std::string_view text) {
  CHECK(::send(to.get(), text.data(), text.size(), MSG_NOSIGNAL) ==
        static_cast<ssize_t>(text.size()));
}

// All bytes until the other end has ended, or `count` of them.
std::string receive(const Descriptor& from, std::size_t count = SIZE_MAX) {
  std::string out;
  std::array<char, 1 << 16> bytes{};
  while (out.size() < count && isReady(from.get(), POLLIN)) {
    const std::size_t room = std::min(bytes.size(), count - out.size());
    const ssize_t got = ::recv(from.get(), bytes.data(), room, 0);
    if (got <= 0) return out;
    out.append(bytes.data(), static_cast<std::size_t>(got));
  }
  return out;
}

// Byte i of a stream that repeats only after 251 bytes, so that a lost or swapped piece shows.
std::string pattern(std::size_t size) {
  std::string out(size, '\0');
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<char>(i % 251);
  return out;
}

// Sends all of it while somebody else reads it at the other end.
std::string passed(const Descriptor& from, const Descriptor& to, const std::string& text) {
  std::string out;
  std::size_t sent = 0;
  std::array<char, 1 << 16> bytes{};
  while (out.size() < text.size()) {
    if (sent < text.size()) {
      const ssize_t done = ::send(from.get(), &text[sent], text.size() - sent, MSG_NOSIGNAL);
      if (done > 0) sent += static_cast<std::size_t>(done);
    }
    if (sent == text.size() && !isReady(to.get(), POLLIN)) break;
    const ssize_t got = ::recv(to.get(), bytes.data(), bytes.size(), 0);
    if (got > 0) out.append(bytes.data(), static_cast<std::size_t>(got));
    if (got == 0) break;
  }
  return out;
}

}  // namespace

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
    CHECK(facts[0].sentBytes == much.size());
    CHECK(facts[0].firstByte == 0);
  }
}

TEST_CASE("a relay with many connections keeps them apart") {
  const Line line(false);
  std::vector<Ends> all;
  for (int i = 0; i < 40; ++i) all.push_back(connected(line));
  for (std::size_t i = 0; i < all.size(); ++i) send(all[i].source, std::to_string(1000 + i));
  for (std::size_t i = 0; i < all.size(); ++i) {
    CHECK(receive(all[i].destination, 4) == std::to_string(1000 + i));
  }
  for (const auto& fact : line.relay->connections()) {
    CHECK(fact.sentBytes == 4);
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
