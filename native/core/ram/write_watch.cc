#include "core/ram/write_watch.h"

#include <algorithm>

#include "core/clock.h"

namespace drover {
namespace {

constexpr std::uint64_t kStride = 64;  // between two counters: GUEST_HEARTBEAT_STRIDE
constexpr std::size_t kWritersMax = 64;
// Looking for the place takes ten reads and more, the counters take one a side.
constexpr std::size_t kSamplesPerPlace = 4;
// more than an hour at a sample each millisecond, 64 MiB
constexpr std::size_t kSamplesMax = std::size_t{1} << 22;
// A guest with a few pages only may be faster than the search: then the rest is for the next time.
constexpr int kPassesAtOnce = 4;

// How far a writer has come. The first page that it has not stamped yet in its present generation.
class Place {
 public:
  Place(const BothSides& sides, const WriterSlice& slice, std::uint64_t step) noexcept
      : sides_(sides), slice_(slice), step_(step), generation_(generationAt(0)) {
    // Before the first pass ends no page has a generation, so it counts from here on.
    if (generation_ == 0) generation_ = 1;
    first_ = generation_;
    advance();
  }

  // The guest stamps pages in ascending order, so in each generation the stamped ones come first.
  void advance() noexcept {
    for (int passes = 0; passes < kPassesAtOnce; ++passes) {
      if (!isStamped(index_)) return;
      std::uint64_t last = index_;
      std::uint64_t stride = 1;
      while (last + stride < slice_.pages && isStamped(last + stride)) {
        last += stride;
        stride *= 2;
      }
      std::uint64_t behind = std::min(last + stride, slice_.pages);
      while (behind - last > 1) {
        const std::uint64_t middle = last + (behind - last) / 2;
        (isStamped(middle) ? last : behind) = middle;
      }
      index_ = behind;
      if (index_ < slice_.pages) return;
      generation_ = std::max(generation_ + 1, generationAt(0));
      index_ = 0;
    }
  }

  // Pages stamped since its first generation began.
  [[nodiscard]] double stamped() const noexcept {
    return static_cast<double>(generation_ - first_) * static_cast<double>(slice_.pages) +
           static_cast<double>(index_);
  }

 private:
  // In the present generation or a later one, at either side.
  [[nodiscard]] bool isStamped(std::uint64_t page) const noexcept {
    return generationAt(page, generation_) >= generation_;
  }

  // The newest of both sides, or the first that is enough; 0 where the page is absent.
  [[nodiscard]] std::uint64_t generationAt(std::uint64_t page,
                                           std::uint64_t enough = UINT64_MAX) const noexcept {
    const std::uint64_t address = page < slice_.below
                                      ? slice_.start + page * step_
                                      : slice_.above + (page - slice_.below) * step_;
    std::uint64_t newest = 0;
    for (const auto& side : sides_) {
      std::array<std::uint8_t, 8> word{};
      if (side->read(address, word).ok()) newest = std::max(newest, littleEndian(word));
      if (newest >= enough) break;
    }
    return newest;
  }

  const BothSides& sides_;
  const WriterSlice& slice_;
  std::uint64_t step_;
  std::uint64_t generation_ = 0;
  std::uint64_t first_ = 0;
  std::uint64_t index_ = 0;
};

std::uint64_t beatsOf(std::span<const std::uint8_t> counters) noexcept {
  std::uint64_t sum = 0;
  for (std::size_t at = 0; at < counters.size(); at += kStride) {
    sum += littleEndian(counters.subspan(at, 8));
  }
  return sum;
}

}  // namespace

Result<WriteRecord> watchWrites(const BothSides& sides, const WriteWatchRequest& request,
                                const CancelFlag& stop) noexcept {
  using Watched = Result<WriteRecord>;
  const std::size_t writers = request.slices.size();
  if (writers == 0 || writers > kWritersMax || request.intervalNs == 0) {
    return Watched::failed(Status::of(Fault::badArgument, "1 to 64 writers and an interval"));
  }
  wakeOnTime();
  std::array<std::uint8_t, kWritersMax * kStride> page{};
  const std::span<std::uint8_t> counters(page.data(), writers * kStride);
  WriteRecord record;
  std::vector<Place> places;
  if (request.hasGenerations) {
    places.reserve(writers);
    for (const WriterSlice& slice : request.slices) places.emplace_back(sides, slice, request.step);
  }
  std::uint64_t most = 0;
  for (std::size_t sample = 0; sample < kSamplesMax && !stop.isSet(); ++sample) {
    for (const auto& side : sides) {
      const Status status = side->read(request.heartbeat, counters);
      if (!status.ok()) return Watched::failed(status);
      // The destination's copy is older until the guest runs there, and absent pages are zeros.
      most = std::max(most, beatsOf(counters));
    }
    const double atMs = static_cast<double>(realtimeNs()) / 1e6;
    record.beats.insert(record.beats.end(), {atMs, static_cast<double>(most)});
    if (!places.empty() && sample % kSamplesPerPlace == 0) {
      double stamped = 0;
      for (Place& place : places) {
        place.advance();
        stamped += place.stamped();
      }
      record.pages.insert(record.pages.end(), {static_cast<double>(realtimeNs()) / 1e6, stamped});
    }
    sleepNs(request.intervalNs);
  }
  return Watched::of(std::move(record));
}

}  // namespace drover
