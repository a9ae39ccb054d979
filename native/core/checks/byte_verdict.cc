#include "core/checks/byte_verdict.h"

#include "core/checks/damage_list.h"
#include "core/ram/byte_cut.h"

namespace drover {

Result<SliceVerdict> byteVerdict(const StampRuns& stamps, const ScanRange& range,
                                 std::size_t damageLimit, const CancelFlag& cancel) noexcept {
  const Result<ByteCut> cut = cutOf(stamps, cancel);
  if (!cut.ok()) return Result<SliceVerdict>::failed(cut.status);
  const auto addressOf = [&](std::uint64_t page) { return range.start + page * range.step; };
  SliceVerdict verdict;
  verdict.slice = {range.start, range.end};
  verdict.pages = range.pages();
  verdict.generation = cut.value.generation;
  if (cut.value.edgePage) verdict.edge = addressOf(*cut.value.edgePage);
  DamageList damaged(verdict, static_cast<std::uint32_t>(range.step), damageLimit);
  const auto add = [&](const Run& run, std::uint8_t expected) noexcept {
    PageDamage damage = byteDamage(expected, run.value);
    damage.address = addressOf(run.firstPage);
    damage.blockOffset = damage.address - range.start;
    damage.pages = run.pages;
    damaged.add(damage);
  };
  if (!forEachOffCut(stamps, cut.value, cancel, add)) {
    return Result<SliceVerdict>::failed(Status::of(Fault::cancelled, "verdict"));
  }
  return Result<SliceVerdict>::of(std::move(verdict));
}

}  // namespace drover
