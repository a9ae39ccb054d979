#include "core/ram/watch.h"

#include <doctest/doctest.h>

#include <array>
#include <atomic>

#include "core/clock.h"
#include "core/thread.h"
#include "tests/memory.h"

using namespace drover;
using test::kPage;

namespace {

constexpr std::uint64_t kSecondNs = 1'000'000'000;

struct Later {
  int fd;
  std::array<std::uint8_t, 8> bytes;
};

// Writes the bytes to the second page, 5 ms from now.
void writeLater(void* raw) {
  const auto* later = static_cast<const Later*>(raw);
  sleepNs(5'000'000);
  CHECK(::pwrite(later->fd, later->bytes.data(), 8, kPage) == 8);
}

}  // namespace

TEST_CASE("a watch ends when the byte differs, and returns the value it saw") {
  const Descriptor memory = test::memfdWith({0, 7});
  const auto source = test::fileSource(memory, 0, 2 * kPage);
  const CancelFlag never;
  Later later{memory.get(), {9}};
  const Thread writer = Thread::start(writeLater, &later);
  const auto result = watch(*source, {kPage, 1, WatchUntil::differs, 7, 10 * kSecondNs}, never);
  REQUIRE(result.ok());
  CHECK(result.value.met);
  CHECK(result.value.last == 9);
  CHECK(result.value.elapsedNs < kSecondNs);
}

TEST_CASE("eight bytes are one little-endian number") {
  const Descriptor memory = test::memfdWith({0, 0});
  const auto source = test::fileSource(memory, 0, 2 * kPage);
  const CancelFlag never;
  Later later{memory.get(), {8, 7, 6, 5, 4, 3, 2, 1}};
  const Thread writer = Thread::start(writeLater, &later);
  const auto result =
      watch(*source, {kPage, 8, WatchUntil::equals, 0x0102030405060708, 10 * kSecondNs}, never);
  CHECK(result.value.met);
  CHECK(result.value.last == 0x0102030405060708);
}

TEST_CASE("a watch looks once even without time, and ends on time with some") {
  const Descriptor memory = test::memfdWith({3});
  const auto source = test::fileSource(memory, 0, kPage);
  const CancelFlag never;
  CHECK(watch(*source, {0, 1, WatchUntil::equals, 3, 0}, never).value.met);
  const auto late = watch(*source, {0, 1, WatchUntil::equals, 4, 20'000'000}, never);
  REQUIRE(late.ok());
  CHECK_FALSE(late.value.met);
  CHECK(late.value.last == 3);
  CHECK(late.value.elapsedNs >= 20'000'000);
  CHECK(late.value.elapsedNs < kSecondNs);
}

TEST_CASE("a watch is cancelled from another thread") {
  const Descriptor memory = test::memfdWith({3});
  const auto source = test::fileSource(memory, 0, kPage);
  CancelFlag cancel;
  const Thread canceller = Thread::start(
      [](void* raw) {
        sleepNs(5'000'000);
        static_cast<CancelFlag*>(raw)->set();
      },
      &cancel);
  CHECK(watch(*source, {0, 1, WatchUntil::equals, 4, 10 * kSecondNs}, cancel).status.fault ==
        Fault::cancelled);
}

TEST_CASE("unreadable memory ends a watch, and so does an odd width") {
  const Descriptor memory = test::memfdWith({3});
  const auto source = test::fileSource(memory, 0, kPage);
  const CancelFlag never;
  CHECK(watch(*source, {kPage, 1, WatchUntil::equals, 4, kSecondNs}, never).status.fault ==
        Fault::outOfRange);
  CHECK(watch(*source, {0, 3, WatchUntil::equals, 4, kSecondNs}, never).status.fault ==
        Fault::badArgument);
}

TEST_CASE("a number is watched until it has grown by so much, over its wrap") {
  const Descriptor memory = test::memfdWith({250});
  const auto source = test::fileSource(memory, 0, kPage);
  const CancelFlag never;
  // Counts until it was seen: when the first look comes is not known.
  struct Counter {
    int fd;
    std::atomic<bool> seen{false};
  } counter{memory.get()};
  constexpr std::uint64_t kPauseNs = 2'000'000;
  const Thread writer = Thread::start(
      [](void* raw) {
        auto* const counts = static_cast<Counter*>(raw);
        for (std::uint8_t byte = 251; !counts->seen; ++byte) {
          sleepNs(kPauseNs);
          CHECK(::pwrite(counts->fd, &byte, 1, 0) == 1);
        }
      },
      &counter);
  const auto result = watch(*source, {0, 1, WatchUntil::advances, 16, 10 * kSecondNs}, never);
  counter.seen = true;
  REQUIRE(result.ok());
  CHECK(result.value.met);
  CHECK(result.value.advanced >= 16);
  // 16 steps have 15 pauses between them.
  CHECK(result.value.elapsedNs >= 15 * kPauseNs - kPauseNs / 2);
}

TEST_CASE(
    "a number that does not change has not grown, and its growth is returned when time is up") {
  const Descriptor memory = test::memfdWith({3});
  const auto source = test::fileSource(memory, 0, kPage);
  const CancelFlag never;
  const auto result = watch(*source, {0, 1, WatchUntil::advances, 1, 5'000'000}, never);
  REQUIRE(result.ok());
  CHECK_FALSE(result.value.met);
  CHECK(result.value.advanced == 0);
  CHECK(watch(*source, {0, 1, WatchUntil::advances, 0, 0}, never).value.met);
}
