// The check of one slice at levels wide and page.
#include <algorithm>

#include "core/checks/scan_generations.h"
#include "core/checks/slice_check.h"

namespace drover {
namespace {

constexpr std::uint64_t kCancelEvery = 1024;

}  // namespace

// At most one page per writer was under writing when the guest stopped: the first one after the
// cut that is not damaged, or, where no page is before the cut yet, the first of all.
bool SliceCheck::isTorn(std::uint64_t stamp, std::uint64_t address) const noexcept {
  if (verdict_.beingWritten || request_.level != StampLevel::page) return false;
  const std::uint64_t own = request_.blockAddress + address;
  return (stamp == mayBeTorn_ && isBeingWritten(own, verdict_.generation - 1, page_)) ||
         (stamp == 0 && edge_ == stamps_.present() &&
          isBeingWritten(own, verdict_.generation, page_));
}

// Right at the cut a damaged page may belong to either side: to the one that it fits for longer, or
// but for one bit. Word 0 with such a bit and the rest look like two generations, too.
PageFinding SliceCheck::inspect(std::uint64_t stamp, std::uint64_t address) noexcept {
  PageQuestion question{request_.level,   request_.blockAddress + address, expectedAt(stamp),
                        &request_.slices, request_.blockAddress,           request_.step};
  PageFinding found = inspectPage(question, page_);
  const bool garbage = found.kind == DamageKind::garbage;
  if (stamp != edge_ || stamp != mayBeTorn_) return found;
  if (!garbage && found.kind != DamageKind::partlyWritten) return found;
  question.expected = verdict_.generation;
  PageFinding other = inspectPage(question, page_);
  const bool better =
      other.kind == DamageKind::flipped || (garbage && other.byteOffset > found.byteOffset);
  if (!better) return found;
  edge_ += 1;
  return other;
}

Status SliceCheck::reportOdd(std::uint64_t first, std::uint64_t count) noexcept {
  return stamps_.forEachPart(first, count, [&](const StampExtent& part) noexcept {
    for (std::uint64_t i = 0; i < part.count; ++i) {
      if (i % kCancelEvery == 0 && cancel_.isSet()) return cancelled();
      Status status = readPage(part, i);
      if (!status.ok()) return status;
      const std::uint64_t stamp = part.first + i;
      const std::uint64_t address = part.address + i * request_.step;
      if (isTorn(stamp, address)) {
        verdict_.beingWritten = address;
        // After the last page of the slice: the cut does not count it.
        if (stamp != 0) edge_ = std::min(edge_, stamp);
        continue;
      }
      const PageFinding found = inspect(stamp, address);
      if (stamp == mayBeTorn_) mayBeTorn_ += 1;
      PageDamage damage;
      damage.kind = found.kind;
      damage.expected = expectedAt(stamp);
      damage.found = found.found;
      damage.byteOffset = found.byteOffset;
      if (found.from) damage.from = *found.from;
      status = report({stamp, 1, damage});
      if (!status.ok()) return status;
    }
    return Status{};
  });
}

Status SliceCheck::checkGenerations() noexcept {
  const Result<GenerationRuns> runs =
      scanGenerations(image_, stamps_, request_.level, request_.blockAddress, *request_.verify,
                      request_.threads, progress_, cancel_);
  if (!runs.ok()) return runs.status;
  const Result<GenerationCut> cut = bestGenerationCut(runs.value, cancel_);
  if (!cut.ok()) return cut.status;
  bool anyWhole = false;
  if (!runs.value.forEachRun(cancel_,
                             [&](std::uint64_t, std::uint64_t, PageClass kind, std::uint64_t) {
                               anyWhole = anyWhole || kind == PageClass::whole;
                             })) {
    return cancelled();
  }
  // Where nothing was ever stamped the zeroes are not generation 0 but a loss, or the wrong place.
  verdict_.generation = anyWhole ? cut.value.generation : 1;
  if (!anyWhole && stamps_.present() == 1) {
    const Status status = takeGenerationOfOnly();
    if (!status.ok()) return status;
  }
  edge_ = anyWhole && cut.value.explainsLaterPages ? cut.value.page : stamps_.present();
  mayBeTorn_ = cut.value.page;

  Status failure;
  const auto side = [&](std::uint64_t first, std::uint64_t count, PageClass kind,
                        std::uint64_t generation) noexcept {
    if (!failure.ok() || count == 0) return;
    if (kind == PageClass::odd) {
      failure = reportOdd(first, count);
      return;
    }
    const std::uint64_t expected = expectedAt(first);
    if (generation == expected) return;
    if (first == mayBeTorn_) mayBeTorn_ += count;
    const bool stale = generation < expected;
    PageDamage damage;
    damage.kind = stale ? DamageKind::stale : DamageKind::ahead;
    damage.by = stale ? expected - generation : generation - expected;
    damage.expected = expected;
    damage.found = generation;
    if (kind == PageClass::zero) {
      damage.kind = DamageKind::garbage;  // unless the rest of the page is zero too
      damage.by = 0;
      failure = reportPerhapsZeroed({first, count, damage});
      return;
    }
    failure = report({first, count, damage});
  };
  const bool complete =
      runs.value.forEachRun(cancel_, [&](std::uint64_t first, std::uint64_t pages, PageClass kind,
                                         std::uint64_t generation) noexcept {
        const std::uint64_t early = first < edge_ ? std::min(pages, edge_ - first) : 0;
        side(first, early, kind, generation);
        side(first + early, pages - early, kind, generation);
      });
  if (!complete || !failure.ok()) return failure.ok() ? cancelled() : failure;
  if (edge_ < stamps_.present()) verdict_.edge = stamps_.addressOf(edge_);
  return {};
}

// A slice of a single page, caught while it was written: no other page shows its generation.
Status SliceCheck::takeGenerationOfOnly() noexcept {
  return stamps_.forEachPart(0, 1, [&](const StampExtent& part) noexcept {
    const Status status = readPage(part, 0);
    if (!status.ok() || request_.level != StampLevel::page) return status;
    const std::uint64_t old = wordAt(page_.data());
    const bool written = isBeingWritten(request_.blockAddress + part.address, old, page_);
    if (written && old > 0) verdict_.generation = old;
    return Status{};
  });
}

}  // namespace drover
