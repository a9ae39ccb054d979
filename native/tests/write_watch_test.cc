#include "core/ram/write_watch.h"

#include <doctest/doctest.h>
#include <fcntl.h>

#include <atomic>
#include <cerrno>
#include <memory>

#include "core/clock.h"
#include "core/thread.h"
#include "tests/memory.h"

using namespace drover;
using test::kPage;

namespace {

// The first page has the counters, the pages behind it the stamps.
constexpr std::uint64_t kPages = 8;
constexpr std::uint64_t kIntervalNs = 200'000;

struct Guest {
  Descriptor memory =
      std::move(createMemfd("drover-test", static_cast<std::uint64_t>(kPages + 1) * kPage).value);

  void put(std::uint64_t at, std::uint64_t value) const {
    CHECK(::pwrite(memory.get(), &value, 8, static_cast<off_t>(at)) == 8);
  }
  void beat(std::uint64_t value, std::uint64_t writer = 0) const { put(writer * 64, value); }
  void stamp(std::uint64_t page, std::uint64_t generation) const {
    put((1 + page) * kPage, generation);
  }
  [[nodiscard]] bool isAbsent(std::uint64_t page) const {
    const auto at = static_cast<off_t>((1 + page) * kPage);
    return ::lseek(memory.get(), at, SEEK_DATA) != at;
  }
  [[nodiscard]] std::shared_ptr<const PageSource> source() const {
    return test::fileSource(memory, 0, (kPages + 1) * kPage);
  }
};

WriteWatchRequest oneWriter() {
  return {0, kPage, kIntervalNs, true, {{kPage, kPages, 0, kPages}}};
}

// Counts the samples of a watch, which begins each with the counters at address 0.
class CountedSource final : public PageSource {
 public:
  CountedSource(std::shared_ptr<const PageSource> memory,
                std::shared_ptr<std::atomic<std::uint64_t>> samples)
      : memory_(std::move(memory)), samples_(std::move(samples)) {}

  [[nodiscard]] const char* access() const noexcept override { return memory_->access(); }
  [[nodiscard]] Status gather(const Strided& pages, const Kernel& kernel,
                              std::uint8_t* out) const noexcept override {
    return memory_->gather(pages, kernel, out);
  }
  [[nodiscard]] Status read(std::uint64_t address,
                            std::span<std::uint8_t> out) const noexcept override {
    if (address == 0) samples_->fetch_add(1);
    return memory_->read(address, out);
  }

 private:
  std::shared_ptr<const PageSource> memory_;
  std::shared_ptr<std::atomic<std::uint64_t>> samples_;
};

// The watch looks at stamps in every 4th sample: 5 whole ones contain such a sample, and a 6th may
// have only begun.
constexpr std::uint64_t kSamplesAround = 6;

// Runs `act` while both guests are watched, with whole samples on either side of it.
template <class Act>
WriteRecord watchedWhile(const Guest& from, const Guest& to, const WriteWatchRequest& request,
                         Act act) {
  const auto samples = std::make_shared<std::atomic<std::uint64_t>>(0);
  struct Call {
    BothSides sides;
    const WriteWatchRequest* request;
    CancelFlag stop;
    Result<WriteRecord> result;
  } call{{std::make_shared<CountedSource>(from.source(), samples), to.source()}, &request, {}, {}};
  Thread watcher = Thread::start(
      [](void* raw) {
        auto* const own = static_cast<Call*>(raw);
        own->result = watchWrites(own->sides, *own->request, own->stop);
      },
      &call);
  // A busy host may not run the watcher for long.
  const auto awaitMore = [&] {
    const std::uint64_t wanted = samples->load() + kSamplesAround;
    for (int ms = 0; ms < 30'000 && samples->load() < wanted; ++ms) sleepNs(1'000'000);
    return samples->load() >= wanted;
  };
  const bool isBefore = awaitMore();
  act();
  const bool isAfter = awaitMore();
  call.stop.set();
  watcher.join();
  REQUIRE(isBefore);
  REQUIRE(isAfter);
  REQUIRE(call.result.ok());
  return call.result.value;
}

double growth(const std::vector<double>& pairs) {
  REQUIRE(pairs.size() >= 4);
  return pairs[pairs.size() - 1] - pairs[1];
}

void checkOrder(const std::vector<double>& pairs) {
  for (std::size_t i = 2; i + 1 < pairs.size(); i += 2) {
    CHECK(pairs[i] >= pairs[i - 2]);
    CHECK(pairs[i + 1] >= pairs[i - 1]);
  }
}

}  // namespace

TEST_CASE("counters and stamps are followed from the source to the destination") {
  const Guest from;
  const Guest to;
  for (std::uint64_t page = 0; page < kPages; ++page) from.stamp(page, page < 3 ? 2 : 1);
  from.beat(100);
  const WriteRecord record = watchedWhile(from, to, oneWriter(), [&] {
    for (std::uint64_t page = 3; page < 6; ++page) from.stamp(page, 2);
    from.beat(110);
    sleepNs(10'000'000);
    // what arrives is older than what the source has written, and then the guest goes on
    for (std::uint64_t page = 0; page < 6; ++page) to.stamp(page, page < 4 ? 1 : 2);
    to.beat(105);
    sleepNs(10'000'000);
    for (std::uint64_t page = 6; page < kPages; ++page) to.stamp(page, 2);
    to.stamp(0, 3);
    to.beat(117);
  });
  CHECK(growth(record.beats) == 17);
  CHECK(growth(record.pages) == 6);
  checkOrder(record.beats);
  checkOrder(record.pages);
  const double tookMs = record.beats[record.beats.size() - 2] - record.beats[0];
  CHECK(tookMs >= 20);
}

TEST_CASE("a page that is absent stays absent, and counts as not written") {
  const Guest from;
  const Guest to;
  for (std::uint64_t page = 0; page < kPages; ++page) from.stamp(page, 1);
  const WriteRecord record = watchedWhile(from, to, oneWriter(), [] {});
  CHECK(growth(record.pages) == 0);
  for (std::uint64_t page = 0; page < kPages; ++page) CHECK(to.isAbsent(page));
  CHECK(::lseek(to.memory.get(), 0, SEEK_DATA) == -1);
  CHECK(errno == ENXIO);
}

TEST_CASE("memory that is punched out under the watch does not count backwards") {
  const Guest from;
  const Guest to;
  for (std::uint64_t page = 0; page < kPages; ++page) from.stamp(page, page < 5 ? 7 : 6);
  from.beat(50);
  const WriteRecord record = watchedWhile(from, to, oneWriter(), [&] {
    CHECK(::fallocate(from.memory.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
                      static_cast<off_t>((kPages + 1) * kPage)) == 0);
    sleepNs(5'000'000);
    to.stamp(5, 7);
    to.beat(51);
  });
  CHECK(growth(record.beats) == 1);
  CHECK(growth(record.pages) == 1);
  checkOrder(record.beats);
}

TEST_CASE("several writers are summed up, also across a hole") {
  const Guest from;
  const Guest to;
  // two writers with three pages each; the second's last page lies behind a hole of two pages
  WriteWatchRequest request = oneWriter();
  request.slices = {{kPage, 3, 0, 3}, {4 * kPage, 2, 8 * kPage, 3}};
  for (std::uint64_t page = 0; page < kPages; ++page) from.stamp(page, 1);
  const WriteRecord record = watchedWhile(from, to, request, [&] {
    from.stamp(0, 2);
    from.beat(1, 0);
    from.stamp(3, 2);
    from.stamp(4, 2);
    from.stamp(7, 2);
    from.stamp(5, 9);  // in the hole
    from.beat(4, 1);
  });
  CHECK(growth(record.beats) == 5);
  CHECK(growth(record.pages) == 4);
}

TEST_CASE("passes that end between two samples count whole") {
  const Guest from;
  const Guest to;
  for (std::uint64_t page = 0; page < kPages; ++page) from.stamp(page, 1);
  const WriteRecord record = watchedWhile(from, to, oneWriter(), [&] {
    for (std::uint64_t page = kPages; page-- > 2;) from.stamp(page, 40);
    from.stamp(1, 41);
    from.stamp(0, 41);
  });
  CHECK(growth(record.pages) == 39 * kPages + 2);
}

TEST_CASE("without generations only the counters are followed; nonsense is refused") {
  const Guest from;
  WriteWatchRequest request = oneWriter();
  request.hasGenerations = false;
  const WriteRecord record = watchedWhile(from, from, request, [&] { from.beat(3); });
  CHECK(record.pages.empty());
  CHECK(growth(record.beats) == 3);
  const CancelFlag never;
  request.slices.clear();
  CHECK(watchWrites({from.source(), from.source()}, request, never).status.fault ==
        Fault::badArgument);
  request = oneWriter();
  request.heartbeat = (kPages + 1) * kPage;
  CHECK(watchWrites({from.source(), from.source()}, request, never).status.fault ==
        Fault::outOfRange);
}
