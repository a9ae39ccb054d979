#include "core/ram/watch.h"

#include <algorithm>
#include <array>

#include "core/clock.h"

namespace drover {
namespace {

// The guest's next write is often microseconds away, so a few reads come first. After that a watch
// must not take a core from the guest it waits for.
constexpr unsigned kSpins = 50;
constexpr std::uint64_t kFirstSleepNs = 5'000;
constexpr std::uint64_t kLongestSleepNs = 1'000'000;

bool isMet(const WatchRequest& request, std::uint64_t last, std::uint64_t advanced) noexcept {
  switch (request.until) {
    case WatchUntil::equals:
      return last == request.value;
    case WatchUntil::differs:
      return last != request.value;
    case WatchUntil::advances:
      return advanced >= request.value;
  }
  return false;
}

}  // namespace

Result<WatchResult> watch(const PageSource& source, const WatchRequest& request,
                          const CancelFlag& cancel) noexcept {
  if (request.width != 1 && request.width != 8) {
    return Result<WatchResult>::failed(Status::of(Fault::badArgument, "a width of 1 or 8"));
  }
  wakeOnTime();
  const std::uint64_t startNs = monotonicNs();
  std::array<std::uint8_t, 8> bytes{};
  const std::span<std::uint8_t> wanted(bytes.data(), request.width);
  const std::uint64_t wrap = request.width == 1 ? 0xff : ~std::uint64_t{0};
  std::uint64_t sleepForNs = kFirstSleepNs;
  std::uint64_t before = 0;
  std::uint64_t advanced = 0;

  for (std::uint64_t looks = 1;; ++looks) {
    if (cancel.isSet()) {
      return Result<WatchResult>::failed(Status::of(Fault::cancelled, "watch"));
    }
    const Status status = source.read(request.address, wanted);
    if (!status.ok()) return Result<WatchResult>::failed(status);
    const std::uint64_t last = littleEndian(wanted);
    if (looks > 1) advanced += (last - before) & wrap;
    before = last;
    const std::uint64_t elapsedNs = monotonicNs() - startNs;
    const bool met = isMet(request, last, advanced);
    if (met || elapsedNs >= request.timeoutNs) {
      return Result<WatchResult>::of({met, last, advanced, elapsedNs});
    }
    if (looks > kSpins) {
      sleepNs(std::min(sleepForNs, request.timeoutNs - elapsedNs));
      sleepForNs = std::min(sleepForNs * 2, kLongestSleepNs);
    }
  }
}

}  // namespace drover
