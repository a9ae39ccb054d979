// The check of one slice, step by step; image_check.cc calls it for each slice.
#pragma once

#include "core/checks/damage_list.h"
#include "core/checks/image_check.h"
#include "core/checks/inspect_page.h"
#include "core/checks/slice_map.h"
#include "core/checks/stamp_sequence.h"
#include "core/ram/stamp_runs.h"

namespace drover {

class SliceCheck {
 public:
  // SAFETY: all outlive it.
  SliceCheck(const RamImage& image, const ImageCheckRequest& request, const Slice& slice,
             Progress& progress, const CancelFlag& cancel) noexcept
      : image_(image),
        request_(request),
        slice_(slice),
        progress_(progress),
        cancel_(cancel),
        stamps_(request.step) {}

  [[nodiscard]] Result<SliceVerdict> run() noexcept;

 private:
  static Status cancelled() noexcept { return Status::of(Fault::cancelled, "verdict"); }
  [[nodiscard]] Status findStamps() noexcept;
  [[nodiscard]] Status checkBytes() noexcept;
  [[nodiscard]] Status checkGenerations() noexcept;
  [[nodiscard]] Status judgeAsUpstream(const StampRuns& stamps) noexcept;
  [[nodiscard]] Status judgeWideAsUpstream() noexcept;

  // What to say about stamps [first, first + count), in order.
  struct Finding {
    std::uint64_t first;
    std::uint64_t count;
    PageDamage damage;  // places are filled in
  };
  [[nodiscard]] Status report(const Finding& finding) noexcept;
  void reportAbsentBefore(std::uint64_t stamp) noexcept;

  // Pages that hold generation 0 or nothing: which of the two, page by page.
  [[nodiscard]] Status reportPerhapsZeroed(const Finding& finding) noexcept;
  [[nodiscard]] PageFinding inspect(std::uint64_t stamp, std::uint64_t address) noexcept;
  [[nodiscard]] Status reportOdd(std::uint64_t first, std::uint64_t count) noexcept;
  [[nodiscard]] Status readPage(const StampExtent& part, std::uint64_t index) noexcept;
  [[nodiscard]] bool isTorn(std::uint64_t stamp, std::uint64_t address) const noexcept;
  [[nodiscard]] Status takeGenerationOfOnly() noexcept;
  [[nodiscard]] std::uint64_t expectedAt(std::uint64_t stamp) const noexcept;

  const RamImage& image_;
  const ImageCheckRequest& request_;
  const Slice slice_;
  Progress& progress_;
  const CancelFlag& cancel_;

  StampSequence stamps_;
  SliceVerdict verdict_;
  std::optional<DamageList> damage_;
  std::optional<SliceMap> map_;
  std::uint64_t edge_ = 0;       // stamps from here on are a generation behind
  std::uint64_t mayBeTorn_ = 0;  // the one stamp that may be half new
  std::size_t absentDone_ = 0;
  std::vector<std::uint8_t> page_;
};

}  // namespace drover
