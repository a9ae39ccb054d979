#include "core/checks/slice_check.h"

#include <algorithm>

#include "core/checks/image_stamps.h"
#include "core/checks/stamp_run.h"
#include "core/image/zero.h"
#include "core/ram/byte_cut.h"
#include "core/ram/scan.h"
#include "core/ram/upstream_rule.h"

namespace drover {

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
  // Whether a page was lost as a whole shows in the bytes after its stamp, too.
  const std::uint32_t most = std::min(request_.step, kLongestStamp);
  page_.assign(request_.level == StampLevel::byte ? std::min(most, block.pageBytes) : most, 0);
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

// Upstream's guests know of no hole, and have one writer.
Status SliceCheck::judgeAsUpstream(const StampRuns& stamps) noexcept {
  if (stamps_.absent() > 0 || slice_.hasHole() || request_.slices.size() > 1) return {};
  auto lines = upstreamLines(stamps, slice_.start, request_.step, cancel_);
  if (!lines.ok()) return lines.status;
  verdict_.upstreamLines = std::move(lines.value);
  return {};
}

// Byte 0 of each page obeys upstream's rule at every level. Only damage is worth another scan.
Status SliceCheck::judgeWideAsUpstream() noexcept {
  if (verdict_.damagedPages == 0 || request_.slices.size() > 1) return {};
  Progress unseen;
  const ImageStamps source(image_, stamps_, unseen);
  const ScanRange range{0, stamps_.present(), 1};
  const Result<StampRuns> stamps =
      scanStamps(source, range, *request_.gather, request_.threads, cancel_);
  return stamps.ok() ? judgeAsUpstream(stamps.value) : stamps.status;
}

Status SliceCheck::checkBytes() noexcept {
  const ImageStamps source(image_, stamps_, progress_);
  const ScanRange range{0, stamps_.present(), 1};
  const Result<StampRuns> stamps =
      scanStamps(source, range, *request_.gather, request_.threads, cancel_);
  if (!stamps.ok()) return stamps.status;
  const Result<ByteCut> cut = cutOf(stamps.value, cancel_);
  if (!cut.ok()) return cut.status;
  verdict_.generation = cut.value.generation;
  edge_ = cut.value.edgePage.value_or(stamps_.present());
  if (cut.value.edgePage) verdict_.edge = stamps_.addressOf(edge_);
  const Status judged = judgeAsUpstream(stamps.value);
  if (!judged.ok()) return judged;

  Status failure;
  const auto add = [&](const Run& run, std::uint8_t expected) noexcept {
    if (!failure.ok()) return;
    const PageDamage damage = byteDamage(expected, run.value);
    const Finding finding{run.firstPage, run.pages, damage};
    failure = run.value == 0 ? reportPerhapsZeroed(finding) : report(finding);
  };
  const bool complete = forEachOffCut(stamps.value, cut.value, cancel_, add);
  return complete ? failure : cancelled();
}

Status SliceCheck::findStamps() noexcept {
  const auto take = [&](std::uint64_t start, std::uint64_t end) noexcept {
    Result<std::vector<ImagePiece>> pieces = piecesOf(image_, request_.block, start, end);
    if (!pieces.ok()) return pieces.status;
    return stamps_.append(image_, pieces.value, start, cancel_);
  };
  if (!slice_.hasHole()) return take(slice_.start, slice_.end);
  const Status below = take(slice_.start, slice_.holeStart);
  return below.ok() ? take(slice_.holeEnd, slice_.end) : below;
}

Result<SliceVerdict> SliceCheck::run() noexcept {
  using Checked = Result<SliceVerdict>;
  verdict_.slice = slice_;
  const Status found = findStamps();
  if (!found.ok()) return Checked::failed(found);
  verdict_.pages = stamps_.present() + stamps_.absent();
  progress_.add(stamps_.absent());
  damage_.emplace(verdict_, request_.step, request_.damageLimit);
  if (request_.mapCells > 0) {
    map_.emplace(image_, slice_, request_.step, request_.mapCells);
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
    if (status.ok() && request_.level != StampLevel::byte) status = judgeWideAsUpstream();
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
