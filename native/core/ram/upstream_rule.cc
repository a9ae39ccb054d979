#include "core/ram/upstream_rule.h"

#include <algorithm>
#include <array>
#include <cinttypes>
#include <cstdio>

namespace drover {
namespace {

constexpr std::uint64_t kLines = 10;

class Walk {
 public:
  Walk(std::uint64_t start, std::uint64_t step) noexcept : start_(start), step_(step) {}

  void add(const Run& run) noexcept {
    if (run.firstPage == 0) first_ = last_ = run.value;
    if (run.value == last_) return;
    if (!edge_ && static_cast<std::uint8_t>(run.value + 1) == last_) {
      edge_ = true;
      last_ = run.value;
      return;
    }
    const std::uint64_t named = bad_ < kLines ? std::min(kLines - bad_, run.pages) : 0;
    for (std::uint64_t i = 0; i < named; ++i) name(run.firstPage + i, run.value);
    bad_ += run.pages;
  }

  [[nodiscard]] std::vector<std::string> finish() noexcept {
    if (bad_ > kLines) {
      std::array<char, 64> text;
      std::snprintf(text.data(), text.size(), "and in another %" PRIu64 " pages", bad_ - kLines);
      lines_.emplace_back(text.data());
    }
    return std::move(lines_);
  }

 private:
  void name(std::uint64_t page, std::uint8_t found) noexcept {
    std::array<char, 128> text;
    std::snprintf(text.data(), text.size(),
                  "Memory content inconsistency at %" PRIx64
                  " first_byte = %x last_byte = %x current = %x hit_edge = %x",
                  start_ + page * step_, first_, last_, found, edge_ ? 1 : 0);
    lines_.emplace_back(text.data());
  }

  std::uint64_t start_;
  std::uint64_t step_;
  std::uint8_t first_ = 0;
  std::uint8_t last_ = 0;
  bool edge_ = false;
  std::uint64_t bad_ = 0;
  std::vector<std::string> lines_;
};

}  // namespace

Result<std::vector<std::string>> upstreamLines(const StampRuns& stamps, std::uint64_t start,
                                               std::uint64_t step,
                                               const CancelFlag& cancel) noexcept {
  using Lines = Result<std::vector<std::string>>;
  Walk walk(start, step);
  if (!stamps.forEachRun(cancel, [&](const Run& run) noexcept { walk.add(run); })) {
    return Lines::failed(Status::of(Fault::cancelled, "verdict"));
  }
  return Lines::of(walk.finish());
}

}  // namespace drover
