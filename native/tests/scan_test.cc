#include "core/ram/scan.h"

#include <doctest/doctest.h>

#include "core/checks/byte_verdict.h"
#include "core/ram/mapped_source.h"
#include "tests/memory.h"
#include "tests/random.h"

using namespace drover;
using test::kPage;

namespace {

// Fails, or asks to be cancelled, at one page.
class Trap final : public PageSource {
 public:
  Trap(std::uint64_t page, CancelFlag* cancel) : page_(page), cancel_(cancel) {}
  [[nodiscard]] const char* access() const noexcept override { return "trap"; }
  [[nodiscard]] Status gather(const Strided& pages, const Kernel& /*kernel*/,
                              std::uint8_t* /*out*/) const noexcept override {
    if (page_ < pages.address || page_ >= pages.address + pages.count) return {};
    if (cancel_ == nullptr) return Status::at(Fault::outOfRange, page_);
    cancel_->set();
    return {};
  }
  [[nodiscard]] Status read(std::uint64_t, std::span<std::uint8_t>) const noexcept override {
    return {};
  }

 private:
  std::uint64_t page_;
  CancelFlag* cancel_;
};

}  // namespace

TEST_CASE("any number of threads and any kernel give the same verdict") {
  const CancelFlag never;
  test::Random random(8);
  constexpr std::size_t kPages = 5 * StampRuns::kChunkPages + 77;
  test::Stamps stamps = test::soundStamps(kPages, 3 * StampRuns::kChunkPages - 5, 1);
  for (int i = 0; i < 500; ++i) stamps[random.upTo(kPages - 1)] = random.byte();
  const auto mapped =
      MappedSource::open(test::fileSource(test::memfdWith(stamps), 0x100000, kPages * kPage));
  REQUIRE(mapped.ok());
  const ScanRange range{0x100000, 0x100000 + kPages * kPage, kPage};
  const SliceVerdict expected = byteVerdict(test::runsOf(stamps), range, 1000, never).value;
  for (const Kernel& kernel : kernels()) {
    for (const unsigned threads : {1U, 2U, 5U}) {
      const auto runs = scanStamps(*mapped.value, range, kernel, threads, never);
      REQUIRE(runs.ok());
      const SliceVerdict found = byteVerdict(runs.value, range, 1000, never).value;
      CHECK(found.generation == expected.generation);
      CHECK(found.edge == expected.edge);
      CHECK(found.damagedPages == expected.damagedPages);
      REQUIRE(found.damage.size() == expected.damage.size());
      for (std::size_t i = 0; i < found.damage.size(); ++i) {
        REQUIRE(found.damage[i].address == expected.damage[i].address);
        REQUIRE(found.damage[i].pages == expected.damage[i].pages);
      }
    }
  }
}

TEST_CASE("the first failure ends a scan and is its answer") {
  const CancelFlag never;
  const std::uint64_t page = 3 * StampRuns::kChunkPages + 1;
  const Trap trap(page, nullptr);
  for (const unsigned threads : {1U, 3U}) {
    const auto runs =
        scanStamps(trap, {0, 8 * StampRuns::kChunkPages, 1}, defaultKernel(), threads, never);
    CHECK(runs.status.fault == Fault::outOfRange);
    CHECK(runs.status.address == page);
  }
}

TEST_CASE("a scan is cancelled between chunks") {
  CancelFlag cancel;
  const Trap trap(2 * StampRuns::kChunkPages, &cancel);
  const auto runs =
      scanStamps(trap, {0, 50 * StampRuns::kChunkPages, 1}, defaultKernel(), 2, cancel);
  CHECK(runs.status.fault == Fault::cancelled);
}

TEST_CASE("an empty range and a step of zero are refused") {
  const CancelFlag never;
  const Trap trap(0, nullptr);
  CHECK(scanStamps(trap, {5, 5, 1}, defaultKernel(), 1, never).status.fault == Fault::badArgument);
  CHECK(scanStamps(trap, {0, 5, 0}, defaultKernel(), 1, never).status.fault == Fault::badArgument);
}
