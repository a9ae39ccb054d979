#include "core/checks/slice_check.h"

#include <algorithm>

#include "core/checks/image_stamps.h"
#include "core/checks/scan_generations.h"
#include "core/checks/stamp_run.h"
#include "core/checks/zero.h"
#include "core/scan.h"
#include "core/upstream_rule.h"
#include "core/verdict.h"

namespace drover {
namespace {

constexpr std::uint64_t kCancelEvery = 1024;

Status cancelled() noexcept {
  return Status::of(Fault::cancelled, "verdict");
}

}  // namespace

std::uint64_t SliceCheck::expectedAt(std::uint64_t stamp) const noexcept {
  const std::uint64_t mask = request_.level == StampLevel::byte ? 0xff : ~std::uint64_t{0};
  return (stamp < edge_ ? verdict_.generation : verdict_.generation - 1) & mask;
}

void SliceCheck::reportAbsentBefore(std::uint64_t stamp) noexcept {
  const std::vector<StampExtent>& absent = stamps_.absentExtents();
  for (; absentDone_ < absent.size() && absent[absentDone_].first <= stamp; ++absentDone_) {
    const StampExtent& part = absent[absentDone_];
    PageDamage damage;
    damage.kind = DamageKind::absent;
    damage.address = part.address;
    damage.pages = part.count;
    damage.block = part.block;
    damage.blockOffset = part.blockOffset;
    damage.expected = expectedAt(part.first);
    damage_->add(damage);
    if (map_) map_->damageAbsent(part);
  }
}

Status SliceCheck::report(const Finding& finding) noexcept {
  std::uint64_t reported = 0;
  return stamps_.forEachPart(finding.first, finding.count, [&](const StampExtent& part) noexcept {
    reportAbsentBefore(part.first);
    PageDamage damage = finding.damage;
    damage.address = part.address;
    damage.pages = part.count;
    damage.block = part.block;
    damage.blockOffset = part.blockOffset;
    if (damage.from) *damage.from += reported * request_.step;
    damage_->add(damage);
    if (map_) map_->damage(part);
    reported += part.count;
    return Status{};
  });
}

Status SliceCheck::readPage(const StampExtent& part, std::uint64_t index) noexcept {
  const RamBlock& block = image_.blocks[part.block];
  const std::uint64_t offset = part.blockOffset + index * request_.step;
  const std::uint64_t left = block.length - offset;
  page_.assign(
      request_.level == StampLevel::byte ? std::min(request_.step, block.pageBytes) : request_.step,
      0);
  const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(page_.size(), left));
  return image_.read(block, offset, std::span(page_).first(length));
}

Status SliceCheck::reportPerhapsZeroed(const Finding& finding) noexcept {
  return stamps_.forEachPart(finding.first, finding.count, [&](const StampExtent& part) noexcept {
    const RamBlock& block = image_.blocks[part.block];
    for (std::uint64_t i = 0; i < part.count;) {
      if (cancel_.isSet()) return cancelled();
      const StampRun run =
          stampRunAt(block, part.blockOffset + i * request_.step, request_.step, 1, part.count - i);
      Finding one{part.first + i, 1, finding.damage};
      bool zero = run.kind == PageKind::zero;
      if (zero) {
        one.count = run.count;
      } else {
        const Status status = readPage(part, i);
        if (!status.ok()) return status;
        zero = isZero(page_);
      }
      if (zero) {
        one.damage.kind = DamageKind::zeroed;
        one.damage.by = 0;
      }
      const Status status = report(one);
      if (!status.ok()) return status;
      i += one.count;
    }
    return Status{};
  });
}

Status SliceCheck::checkBytes() noexcept {
  const ImageStamps source(image_, stamps_, progress_);
  const ScanRange range{0, stamps_.present(), 1};
  const Result<StampRuns> stamps =
      scanStamps(source, range, *request_.gather, request_.threads, cancel_);
  if (!stamps.ok()) return stamps.status;
  const Result<Verdict> cut = judge(stamps.value, 0, cancel_);
  if (!cut.ok()) return cut.status;
  verdict_.generation = cut.value.generation;
  edge_ = cut.value.edgePage.value_or(stamps_.present());
  if (cut.value.edgePage) verdict_.edge = stamps_.addressOf(edge_);
  if (stamps_.absent() == 0) {
    auto lines = upstreamLines(stamps.value, slice_.start, request_.step, cancel_);
    if (!lines.ok()) return lines.status;
    verdict_.upstreamLines = std::move(lines.value);
  }

  Status failure;
  const auto side = [&](std::uint64_t first, std::uint64_t count, std::uint8_t value) noexcept {
    const auto expected = static_cast<std::uint8_t>(expectedAt(first));
    if (!failure.ok() || count == 0 || value == expected) return;
    PageDamage damage;
    const auto behind = static_cast<std::uint8_t>(expected - value);
    damage.kind = behind < 128 ? DamageKind::stale : DamageKind::ahead;
    damage.by = behind < 128 ? behind : 256U - behind;
    damage.expected = expected;
    damage.found = value;
    failure =
        value == 0 ? reportPerhapsZeroed({first, count, damage}) : report({first, count, damage});
  };
  const bool complete = stamps.value.forEachRun(cancel_, [&](const Run& run) noexcept {
    const std::uint64_t early =
        run.firstPage < edge_ ? std::min(run.pages, edge_ - run.firstPage) : 0;
    side(run.firstPage, early, run.value);
    side(run.firstPage + early, run.pages - early, run.value);
  });
  return complete ? failure : cancelled();
}

// At most one page per writer was under writing when the guest stopped: the first one after the
// cut, or, where nothing lies before the cut yet, the first of all.
bool SliceCheck::isTorn(std::uint64_t stamp, const PageFinding& finding) const noexcept {
  if (verdict_.torn || finding.kind != DamageKind::partlyWritten) return false;
  if (finding.head != finding.tail + 1) return false;
  return (stamp == mayBeTorn_ && finding.head == verdict_.generation) ||
         (stamp == 0 && edge_ == stamps_.present() && finding.tail == verdict_.generation);
}

// Right at the cut a damaged page may belong to either side: to the one that it fits for longer.
PageFinding SliceCheck::inspect(std::uint64_t stamp, std::uint64_t address) noexcept {
  PageQuestion question{request_.level,   request_.blockAddress + address, expectedAt(stamp),
                        &request_.slices, request_.blockAddress,           request_.step};
  PageFinding found = inspectPage(question, page_);
  if (stamp != edge_ || stamp != mayBeTorn_ || found.kind != DamageKind::garbage) return found;
  question.expected = verdict_.generation;
  PageFinding other = inspectPage(question, page_);
  if (other.byteOffset <= found.byteOffset) return found;
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
      const PageFinding found = inspect(stamp, address);
      if (isTorn(stamp, found)) {
        verdict_.torn = address;
        continue;
      }
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
  settleEdge();
  return {};
}

// The torn page is the last one of the new generation as far as its header goes.
void SliceCheck::settleEdge() noexcept {
  std::uint64_t edge = edge_;
  if (verdict_.torn) {
    const std::uint64_t first = stamps_.addressOf(0);
    if (*verdict_.torn == first && edge == stamps_.present() && mayBeTorn_ != 0) {
      verdict_.generation += 1;
      edge = 1;
    } else if (edge < stamps_.present()) {
      edge = mayBeTorn_ + 1;
    }
  }
  if (edge < stamps_.present()) verdict_.edge = stamps_.addressOf(edge);
}

Result<SliceVerdict> SliceCheck::run() noexcept {
  using Checked = Result<SliceVerdict>;
  verdict_.slice = slice_;
  Result<std::vector<ImagePiece>> pieces =
      piecesOf(image_, request_.block, slice_.start, slice_.end);
  if (!pieces.ok()) return Checked::failed(pieces.status);
  Result<StampSequence> stamps =
      StampSequence::make(image_, pieces.value, slice_.start, request_.step, cancel_);
  if (!stamps.ok()) return Checked::failed(stamps.status);
  stamps_ = std::move(stamps.value);
  verdict_.pages = stamps_.present() + stamps_.absent();
  progress_.add(stamps_.absent());
  damage_.emplace(verdict_, request_.step, request_.damageLimit);
  if (request_.mapCells > 0) {
    map_.emplace(image_, slice_.start, verdict_.pages, request_.step, request_.mapCells);
    static_cast<void>(
        stamps_.forEachPart(0, stamps_.present(), [&](const StampExtent& part) noexcept {
          map_->count(part);
          return Status{};
        }));
    for (const StampExtent& part : stamps_.absentExtents()) map_->countAbsent(part);
  }
  Status status;
  if (stamps_.present() > 0) {
    status = request_.level == StampLevel::byte ? checkBytes() : checkGenerations();
  }
  if (!status.ok()) return Checked::failed(status);
  reportAbsentBefore(stamps_.present());
  if (map_) {
    verdict_.pagesPerCell = map_->pagesPerCell();
    verdict_.map = map_->take();
  }
  return Checked::of(std::move(verdict_));
}

}  // namespace drover
