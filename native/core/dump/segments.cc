#include "core/dump/segments.h"

#include <algorithm>
#include <cstring>

namespace drover {
namespace {

bool continues(const Segment& before, const Segment& next) noexcept {
  if (before.offset == Segment::kZero || next.offset == Segment::kZero) {
    return before.offset == next.offset;
  }
  return next.offset - before.offset == next.address - before.address;
}

}  // namespace

ParseError joinSegments(std::vector<Segment>& segments) noexcept {
  std::sort(segments.begin(), segments.end(), [](const Segment& a, const Segment& b) {
    return a.address != b.address ? a.address < b.address : a.length < b.length;
  });
  std::size_t kept = 0;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const Segment next = segments[i];
    if (next.length == 0) continue;
    if (kept == 0 || next.address > segments[kept - 1].address + segments[kept - 1].length) {
      segments[kept++] = next;
      continue;
    }
    Segment& last = segments[kept - 1];
    const std::uint64_t inside = next.address - last.address;
    if (continues(last, next)) {
      last.length = std::max(last.length, inside + next.length);
    } else if (inside == last.length) {
      segments[kept++] = next;
    } else {
      return {"two segments say different things about the same memory", 0, next.address};
    }
  }
  segments.resize(kept);
  return {};
}

std::vector<Segment>::const_iterator SegmentTable::from(std::uint64_t address) const noexcept {
  return std::upper_bound(segments_.begin(), segments_.end(), address,
                          [](std::uint64_t wanted, const Segment& segment) {
                            return wanted - segment.address < segment.length ||
                                   wanted < segment.address;
                          });
}

PageRun SegmentTable::runAt(std::uint64_t page) const noexcept {
  const std::uint64_t address = page * pageBytes_;
  const auto segment = from(address);
  PageRun run;
  if (segment == segments_.end()) {
    run.pages = pages_ - page;
    return run;
  }
  if (segment->address > address) {
    const std::uint64_t gap = (segment->address - address) / pageBytes_;
    if (gap > 0) {
      run.pages = gap;
      return run;
    }
    run = {1, PageKind::packed};
    return run;
  }
  const std::uint64_t inside = address - segment->address;
  run.pages = (segment->length - inside) / pageBytes_;
  if (run.pages == 0) return {1, PageKind::packed};
  if (segment->offset == Segment::kZero) {
    run.kind = PageKind::zero;
  } else {
    run.kind = PageKind::stored;
    run.offset = segment->offset + inside;
    run.stride = pageBytes_;
  }
  return run;
}

Status SegmentTable::unpack(std::uint64_t page, std::span<std::uint8_t> out) const noexcept {
  const std::uint64_t start = page * pageBytes_;
  const std::uint64_t end = start + pageBytes_;
  std::memset(out.data(), 0, out.size());
  for (auto segment = from(start); segment != segments_.end() && segment->address < end;
       ++segment) {
    if (segment->offset == Segment::kZero) continue;
    const std::uint64_t first = std::max(start, segment->address);
    const std::uint64_t last = std::min(end, segment->address + segment->length);
    const Status status = file_.read(segment->offset + (first - segment->address),
                                     out.subspan(first - start, last - first));
    if (!status.ok()) return status;
  }
  return {};
}

}  // namespace drover
