#include "random.h"
#include "relay_line.h"

using namespace drover;
using namespace drover::test;

namespace {

HopOrder orderOf(HopAction action, std::uint64_t at = 0, std::uint64_t amount = 0) {
  HopOrder order;
  order.fault.action = action;
  order.fault.at = at;
  order.fault.amount = amount;
  return order;
}

TrafficFacts forth(const Line& line, std::size_t connection = 0) {
  return line.relay->connections()[connection].toDestination;
}

// Both return when it holds.
void give(const Line& line, const HopOrder& order) {
  line.relay->order(order);
  REQUIRE(soon([&] { return !line.relay->isPending(); }));
}

void heal(const Line& line) {
  line.relay->heal();
  REQUIRE(soon([&] { return !line.relay->isPending(); }));
}

constexpr int kMomentMs = 40;

// The next byte does not come within a moment, nor does an end.
bool isSilent(const Descriptor& end) {
  return !isReady(end.get(), POLLIN, kMomentMs);
}

// What recv says at an end: 0 for an orderly end, else the error number.
int endOf(const Descriptor& end) {
  char byte = 0;
  if (!isReady(end.get(), POLLIN)) return ETIMEDOUT;
  const ssize_t got = ::recv(end.get(), &byte, 1, 0);
  return got < 0 ? errno : got == 0 ? 0 : EBADMSG;
}

// Sends in pieces of random sizes, as much as goes; reads likewise.
std::string passedInPieces(const Ends& ends, const std::string& text, std::size_t expected,
                           Random& random) {
  std::string out;
  std::size_t sent = 0;
  std::array<char, 1 << 16> bytes{};
  const std::uint64_t until = monotonicNs() + std::uint64_t{kWaitMs} * 1'000'000U;
  while (out.size() < expected && monotonicNs() < until) {
    if (sent < text.size()) {
      const std::size_t most = std::size_t{1} << random.upTo(16);
      const std::size_t count = std::min(text.size() - sent, most);
      const ssize_t done = ::send(ends.source.get(), &text[sent], count, MSG_NOSIGNAL);
      if (done > 0) sent += static_cast<std::size_t>(done);
    } else {
      isReady(ends.destination.get(), POLLIN, kMomentMs);
    }
    const std::size_t room = std::size_t{1} << random.upTo(16);
    const ssize_t got = ::recv(ends.destination.get(), bytes.data(), room, 0);
    if (got > 0) out.append(bytes.data(), static_cast<std::size_t>(got));
    if (got == 0) break;
  }
  return out;
}

}  // namespace

TEST_CASE("at rest the bytes are the same however they are split") {
  Random random(0x7e1a);
  for (int round = 0; round < 12; ++round) {
    CAPTURE(round);
    const Line line(false, round % 2 == 1);
    const Ends ends = connected(line);
    const std::string text = pattern(1 + random.upTo(400'000));
    CHECK(passedInPieces(ends, text, text.size(), random) == text);
    CHECK(soon([&] { return forth(line).passedBytes == text.size(); }));
    CHECK(forth(line).faults == 0);
  }
}

TEST_CASE("a fault at a byte does the same however the bytes are split") {
  Random random(0x5b17);
  for (int round = 0; round < 24; ++round) {
    CAPTURE(round);
    const Line line(false, round % 2 == 1);
    const std::string text = pattern(100'000 + random.upTo(300'000));
    const std::size_t dropAt = random.upTo(50'000);
    const std::size_t count = 1 + random.upTo(20'000);
    const std::size_t flipAt = dropAt + count + random.upTo(20'000);
    const auto bit = static_cast<unsigned>(random.upTo(7));
    give(line, orderOf(HopAction::flip, flipAt, bit));
    give(line, orderOf(HopAction::drop, dropAt, count));
    const Ends ends = connected(line);
    std::string expected = text;
    expected[flipAt] = static_cast<char>(static_cast<unsigned char>(text[flipAt]) ^ (1U << bit));
    expected.erase(dropAt, count);
    CHECK(passedInPieces(ends, text, expected.size(), random) == expected);
    CHECK(soon([&] { return forth(line).takenBytes == text.size(); }));
    CHECK(forth(line).droppedBytes == count);
    CHECK(forth(line).faults == 2);
  }
}

TEST_CASE("a stall keeps bytes and the end back until it is healed") {
  for (const bool tcp : {false, true}) {
    CAPTURE(tcp);
    const Line line(false, tcp);
    Ends ends = connected(line);
    give(line, orderOf(HopAction::stall, 5));
    send(ends.source, "beginend");
    CHECK(receive(ends.destination, 5) == "begin");
    ends.source = Descriptor();
    CHECK(isSilent(ends.destination));
    CHECK(forth(line).takenBytes == 5);
    heal(line);
    CHECK(receive(ends.destination) == "end");
  }
}

TEST_CASE("a stall of a direction that carries nothing begins at once") {
  const Line line(false);
  const Ends ends = connected(line);
  HopOrder order = orderOf(HopAction::stall);
  order.toSource = true;
  give(line, order);
  CHECK(soon([&] { return line.relay->connections()[0].toSource.faults == 1; }));
  send(ends.destination, "answer");
  CHECK(isSilent(ends.source));
  send(ends.source, "request");
  CHECK(receive(ends.destination, 7) == "request");
}

TEST_CASE("a black hole takes bytes and passes on neither them nor the end") {
  const Line line(false);
  Ends ends = connected(line);
  give(line, orderOf(HopAction::blackhole, 3));
  const std::string text = pattern(300'000);
  std::size_t sent = 0;
  CHECK(soon([&] {
    const ssize_t done = ::send(ends.source.get(), &text[sent], text.size() - sent, MSG_NOSIGNAL);
    if (done > 0) sent += static_cast<std::size_t>(done);
    return sent == text.size();
  }));
  CHECK(receive(ends.destination, 3) == text.substr(0, 3));
  CHECK(soon([&] { return forth(line).droppedBytes == text.size() - 3; }));
  ends.source = Descriptor();
  CHECK(isSilent(ends.destination));
  heal(line);
  CHECK(endOf(ends.destination) == 0);
}

TEST_CASE("a cut closes the receiver's socket, and the sender's if asked to") {
  for (const bool both : {false, true}) {
    for (const HopAction action : {HopAction::fin, HopAction::rst}) {
      CAPTURE(both);
      CAPTURE(static_cast<int>(action));
      const Line line(false, true);
      const Ends ends = connected(line);
      HopOrder order = orderOf(action, 4);
      order.fault.closesSender = both;
      give(line, order);
      send(ends.source, "four");
      CHECK(receive(ends.destination, 4) == "four");
      CHECK(endOf(ends.destination) == (action == HopAction::rst ? ECONNRESET : 0));
      if (both) {
        CHECK(endOf(ends.source) == (action == HopAction::rst ? ECONNRESET : 0));
      } else {
        CHECK(isSilent(ends.source));
        CHECK(::send(ends.source.get(), "x", 1, MSG_NOSIGNAL) == 1);
      }
    }
  }
}

TEST_CASE("a cut may come from either direction, and to one connection only") {
  const Line line(false);
  const Ends first = connected(line);
  const Ends second = connected(line);
  HopOrder order = orderOf(HopAction::rst);
  order.connection = 1;
  order.toSource = true;
  give(line, order);
  CHECK(soon([&] { return isReady(second.source.get(), POLLIN, 1); }));
  CHECK(isSilent(second.destination));
  send(first.source, "goes on");
  CHECK(receive(first.destination, 7) == "goes on");
}

TEST_CASE("a half close ends one direction") {
  const Line line(false);
  const Ends ends = connected(line);
  give(line, orderOf(HopAction::halfClose, 5));
  send(ends.source, "first, and more");
  CHECK(receive(ends.destination) == "first");
  CHECK(isSilent(ends.source));
  send(ends.destination, "answer");
  CHECK(receive(ends.source, 6) == "answer");
}

TEST_CASE("the last bytes are held back, and arrive when it is healed") {
  for (const std::size_t back : {std::size_t{16}, std::size_t{200'000}}) {
    CAPTURE(back);
    const Line line(false);
    Ends ends = connected(line);
    give(line, orderOf(HopAction::holdBack, 0, back));
    Random random(back);
    const std::string text = pattern(450'000);
    const std::size_t early = text.size() - back;
    CHECK(passedInPieces(ends, text, early, random) == text.substr(0, early));
    CHECK(soon([&] { return forth(line).takenBytes == text.size(); }));
    ends.source = Descriptor();
    CHECK(isSilent(ends.destination));
    heal(line);
    CHECK(receive(ends.destination) == text.substr(early));
  }
}

TEST_CASE("a delay is one pause; a rate lasts") {
  const Line line(false);
  const Ends ends = connected(line);
  constexpr std::uint64_t kDelayNs = 60'000'000;
  give(line, orderOf(HopAction::delay, 4, kDelayNs));
  send(ends.source, "earllater");
  CHECK(receive(ends.destination, 4) == "earl");
  const std::uint64_t fromNs = forth(line).faultNs;
  CHECK(receive(ends.destination, 5).size() == 5);
  CHECK(monotonicNs() - fromNs >= kDelayNs);

  give(line, orderOf(HopAction::rate, 0, 100'000));
  const std::uint64_t startNs = monotonicNs();
  send(ends.source, pattern(30'000));
  CHECK(receive(ends.destination, 30'000).size() == 30'000);
  // a burst of 50 ms may go at once
  CHECK(monotonicNs() - startNs >= 200'000'000);
}

TEST_CASE("orders hold for connections to come until they are healed") {
  const Line line(false);
  give(line, orderOf(HopAction::stall));
  const Ends first = connected(line);
  send(first.source, "x");
  CHECK(isSilent(first.destination));
  heal(line);
  CHECK(receive(first.destination, 1) == "x");
  const Ends second = connected(line);
  send(second.source, "y");
  CHECK(receive(second.destination, 1) == "y");
}

TEST_CASE("a destination that ends during a fault of the way back is not heard of") {
  const Line line(false);
  Ends ends = connected(line);
  HopOrder order = orderOf(HopAction::blackhole);
  order.toSource = true;
  give(line, order);
  CHECK(soon([&] { return line.relay->connections()[0].toSource.faults == 1; }));
  ends.destination = Descriptor();
  CHECK(isSilent(ends.source));
  CHECK(::send(ends.source.get(), "x", 1, MSG_NOSIGNAL) == 1);
  CHECK(isSilent(ends.source));
  heal(line);
  CHECK(isReady(ends.source.get(), POLLIN));
}
