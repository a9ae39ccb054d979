// A relay with a destination behind it, and both ends of the connections through it.
#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <memory>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "core/hop/relay.h"

namespace drover::test {

inline constexpr int kWaitMs = 10'000;

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

inline bool isReady(int fd, short events, int waitMs = kWaitMs) {
  pollfd one{fd, events, 0};
  return ::poll(&one, 1, waitMs) == 1;
}

struct Ends {
  Descriptor source;
  Descriptor destination;
};

inline Ends connected(const Line& line) {
  Ends ends;
  ends.source = std::move(connectTo(line.relay->address()).value);
  REQUIRE(isReady(line.listener.get(), POLLIN));
  const int flags = SOCK_NONBLOCK | SOCK_CLOEXEC;
  ends.destination = Descriptor::own(::accept4(line.listener.get(), nullptr, nullptr, flags));
  REQUIRE(ends.destination.isOpen());
  return ends;
}

inline void send(const Descriptor& to, std::string_view text) {
  CHECK(::send(to.get(), text.data(), text.size(), MSG_NOSIGNAL) ==
        static_cast<ssize_t>(text.size()));
}

// All bytes until the other end has ended, or `count` of them.
inline std::string receive(const Descriptor& from, std::size_t count = SIZE_MAX) {
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
inline std::string pattern(std::size_t size) {
  std::string out(size, '\0');
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<char>(i % 251);
  return out;
}

// Sends all of it while somebody else reads it at the other end.
inline std::string passed(const Descriptor& from, const Descriptor& to, const std::string& text) {
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

template <class Condition>
bool soon(Condition condition) {
  const std::uint64_t until = monotonicNs() + std::uint64_t{kWaitMs} * 1'000'000U;
  while (!condition()) {
    if (monotonicNs() > until) return false;
    sleepNs(200'000);
  }
  return true;
}

}  // namespace drover::test
