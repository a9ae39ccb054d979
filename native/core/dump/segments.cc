#include "core/dump/segments.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "core/dump/listed_memory.h"

namespace drover {
namespace {

constexpr std::size_t kCompared = 32768;

std::uint64_t endOf(const Segment& segment) noexcept {
  return segment.address + segment.length;
}

bool continues(const Segment& before, const Segment& next) noexcept {
  return next.offset - before.offset == next.address - before.address;
}

Result<bool> sameBytes(const InputFile& file, std::uint64_t first, std::uint64_t second,
                       std::uint64_t length, const CancelFlag& cancel) noexcept {
  std::array<std::uint8_t, kCompared> one;
  std::array<std::uint8_t, kCompared> other;
  for (std::uint64_t at = 0; at < length && !cancel.isSet(); at += kCompared) {
    const std::size_t piece = std::min<std::uint64_t>(kCompared, length - at);
    Status status = file.read(first + at, std::span(one).first(piece));
    if (status.ok()) status = file.read(second + at, std::span(other).first(piece));
    if (!status.ok()) return Result<bool>::failed(status);
    if (std::memcmp(one.data(), other.data(), piece) != 0) return Result<bool>::of(false);
  }
  return Result<bool>::of(true);
}

// Does what `next` shares with segments that come before it hold the same? `budget` is how many
// bytes may still be compared.
ParseError checkOverlap(const InputFile& file, std::span<const Segment> before, const Segment& next,
                        std::uint64_t& budget, const CancelFlag& cancel) noexcept {
  auto other = std::partition_point(before.begin(), before.end(), [&](const Segment& segment) {
    return endOf(segment) <= next.address;
  });
  for (; other != before.end() && other->address < endOf(next) && !cancel.isSet(); ++other) {
    if (continues(*other, next)) continue;
    const std::uint64_t start = std::max(other->address, next.address);
    const std::uint64_t length = std::min(endOf(*other), endOf(next)) - start;
    if (length > budget) {
      return {"more segments of the same memory than the file has room for", 0, start};
    }
    budget -= length;
    const Result<bool> same = sameBytes(file, other->offset + (start - other->address),
                                        next.offset + (start - next.address), length, cancel);
    if (!same.ok()) return {"the file was cut short while it was read", 0, file.size()};
    if (!same.value) return {"two segments say different things about the same memory", 0, start};
  }
  return {};
}

}  // namespace

ParseError joinSegments(const InputFile& file, std::vector<Segment>& segments,
                        const CancelFlag& cancel) noexcept {
  std::sort(segments.begin(), segments.end(), [](const Segment& a, const Segment& b) {
    return a.address != b.address ? a.address < b.address : a.length < b.length;
  });
  std::uint64_t budget = file.size();
  std::size_t kept = 0;
  for (std::size_t i = 0; i < segments.size() && !cancel.isSet(); ++i) {
    Segment next = segments[i];
    if (next.length == 0) continue;
    ParseError error = checkOverlap(file, std::span(segments).first(kept), next, budget, cancel);
    if (!error.ok()) return error;
    if (kept == 0 || next.address > endOf(segments[kept - 1])) {
      segments[kept++] = next;
      continue;
    }
    Segment& last = segments[kept - 1];
    const std::uint64_t known = std::min(endOf(last) - next.address, next.length);
    next = {next.address + known, next.length - known, next.offset + known};
    if (next.length == 0) continue;
    if (continues(last, next)) {
      last.length += next.length;
    } else {
      segments[kept++] = next;
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
    run.pages = std::min((segment->address - address - 1) / pageBytes_ + 1, pages_ - page);
    return run;
  }
  const std::uint64_t inside = address - segment->address;
  run.pages = (segment->length - inside) / pageBytes_;
  if (run.pages == 0) {
    const bool whole = holdsTo(segment, address + pageBytes_);
    return {1, whole ? PageKind::packed : PageKind::absent};
  }
  run.kind = PageKind::stored;
  run.offset = segment->offset + inside;
  run.stride = pageBytes_;
  return run;
}

bool SegmentTable::holdsTo(std::vector<Segment>::const_iterator segment,
                           std::uint64_t end) const noexcept {
  while (endOf(*segment) < end) {
    const std::uint64_t reached = endOf(*segment);
    ++segment;
    if (segment == segments_.end() || segment->address != reached) return false;
  }
  return true;
}

Status SegmentTable::unpack(std::uint64_t page, std::span<std::uint8_t> out) const noexcept {
  const std::uint64_t start = page * pageBytes_;
  const std::uint64_t end = start + pageBytes_;
  for (auto segment = from(start); segment != segments_.end() && segment->address < end;
       ++segment) {
    const std::uint64_t first = std::max(start, segment->address);
    const std::uint64_t last = std::min(end, segment->address + segment->length);
    const Status status = file_.read(segment->offset + (first - segment->address),
                                     out.subspan(first - start, last - first));
    if (!status.ok()) return status;
  }
  return {};
}

RamBlock segmentBlock(const InputFile& file, std::vector<Segment> segments,
                      std::vector<Segment> listed, bool listsAll,
                      std::uint32_t pageBytes) noexcept {
  RamBlock block;
  block.name = "memory";
  block.pageBytes = pageBytes;
  const std::uint64_t page = pageBytes;
  std::sort(listed.begin(), listed.end(),
            [](const Segment& a, const Segment& b) { return a.address < b.address; });
  std::uint64_t pages = 0;
  ListedMemory memory;
  for (const Segment& segment : listed) {
    const std::uint64_t last = (endOf(segment) + page - 1) / page;
    pages = std::max(pages, last);
    if (listsAll && segment.length > 0) memory.add(segment.address / page * page, last * page);
  }
  block.length = pages * page;
  block.places = std::move(memory).places(block.length);
  block.placesInOrder = true;
  block.table = std::make_unique<SegmentTable>(file, std::move(segments), pageBytes, pages);
  return block;
}

}  // namespace drover
