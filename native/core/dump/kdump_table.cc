#include "core/dump/kdump_table.h"

#include <algorithm>
#include <array>
#include <vector>

#include "core/dump/decompress.h"
#include "core/dump/fields.h"
#include "core/dump/listed_memory.h"

namespace drover {
namespace {

constexpr std::uint64_t kGroupPages = 4096;
constexpr std::size_t kGroupBytes = kGroupPages / 8;
constexpr std::size_t kDescriptorBytes = 24;
using GroupBits = std::array<std::uint8_t, kGroupBytes>;

bool isSet(const GroupBits& bits, std::uint64_t index) noexcept {
  return (bits[index / 8] >> (index % 8) & 1) != 0;
}

// A page that does not get smaller is stored plain; some coders add a few bytes before that is
// known.
std::uint64_t largestPacked(std::uint32_t pageBytes) noexcept {
  return std::uint64_t{pageBytes} + pageBytes / 8 + 128;
}

}  // namespace

Status KdumpTable::bits(std::uint64_t bitmap, std::uint64_t group,
                        std::span<std::uint8_t> out) const noexcept {
  std::fill(out.begin(), out.end(), std::uint8_t{0});
  const std::uint64_t from = group * kGroupBytes;
  const auto length =
      static_cast<std::size_t>(std::min<std::uint64_t>(kGroupBytes, layout_.bitmapBytes - from));
  return file_.read(bitmap + from, out.first(length));
}

std::uint64_t KdumpTable::countInGroup(std::uint64_t group,
                                       std::span<const std::uint8_t> bytes) const noexcept {
  const std::uint64_t pages = std::min(kGroupPages, layout_.pages - group * kGroupPages);
  std::uint64_t count = 0;
  for (std::uint64_t i = 0; i < pages / 8; ++i) {
    count += static_cast<unsigned>(__builtin_popcount(bytes[i]));
  }
  if (pages % 8 != 0) {
    const unsigned mask = (1U << (pages % 8)) - 1;
    count += static_cast<unsigned>(__builtin_popcount(bytes[pages / 8] & mask));
  }
  return count;
}

Status KdumpTable::descriptor(std::uint64_t rank, Descriptor& out) const noexcept {
  std::array<std::uint8_t, kDescriptorBytes> bytes{};
  const Status status = file_.read(layout_.descriptors + rank * kDescriptorBytes, bytes);
  if (!status.ok()) return status;
  const Fields fields(bytes, layout_.bigEndian);
  out = {fields.u64(0), fields.u32(8), fields.u32(12)};
  return {};
}

const char* KdumpTable::wrongIn(const Descriptor& descriptor) const noexcept {
  const PageCoding coding = pageCodingOf(descriptor.flags);
  if (coding == PageCoding::unknown) return "a page compressed in an unknown way";
  if (coding == PageCoding::lzo && !canDecompress(coding)) {
    return "a page compressed with lzo, and this build has no liblzo2";
  }
  if (coding == PageCoding::snappy && !canDecompress(coding)) {
    return "a page compressed with snappy, and this build has no libsnappy";
  }
  if (coding == PageCoding::plain && descriptor.bytes != layout_.pageBytes) {
    return "a plain page of another size";
  }
  if (descriptor.bytes == 0 || descriptor.bytes > largestPacked(layout_.pageBytes)) {
    return "a compressed page of an impossible size";
  }
  if (descriptor.offset < layout_.descriptors + present_ * kDescriptorBytes) {
    return "a page that lies among the headers";
  }
  if (!file_.holds(descriptor.offset, descriptor.bytes)) {
    return "a page that lies behind the end: cut short";
  }
  return nullptr;
}

ParseError KdumpTable::check(const CancelFlag& cancel, Progress* progress) noexcept {
  const std::uint64_t groups = (layout_.pages + kGroupPages - 1) / kGroupPages;
  GroupBits group;
  for (std::uint64_t i = 0; i < groups && !cancel.isSet(); ++i) {
    if (!bits(layout_.bitmap, i, group).ok()) return {"the bitmap is cut short", 0, layout_.bitmap};
    before_.push_back(present_);
    present_ += countInGroup(i, group);
  }
  if (!file_.holds(layout_.descriptors, present_ * kDescriptorBytes)) {
    return {"the page descriptors are cut short", 0, layout_.descriptors};
  }
  if (progress != nullptr) progress->expect(present_ * layout_.pageBytes);
  for (std::uint64_t rank = 0; rank < present_ && !cancel.isSet(); ++rank) {
    Descriptor found{};
    const std::uint64_t at = layout_.descriptors + rank * kDescriptorBytes;
    if (!descriptor(rank, found).ok()) return {"the page descriptors are cut short", 0, at};
    const char* wrong = wrongIn(found);
    if (wrong != nullptr) return {wrong, 0, at};
    if (progress != nullptr) progress->add(layout_.pageBytes);
  }
  findZeroPage();
  return {};
}

std::vector<AddressRange> KdumpTable::places(const CancelFlag& cancel) const noexcept {
  ListedMemory memory;
  GroupBits first;
  GroupBits second;
  for (std::uint64_t page = 0; page < layout_.pages && !cancel.isSet(); ++page) {
    const std::uint64_t index = page % kGroupPages;
    if (index == 0 &&
        (!bits(layout_.bitmap - layout_.bitmapBytes, page / kGroupPages, first).ok() ||
         !bits(layout_.bitmap, page / kGroupPages, second).ok())) {
      return {{0, 0, layout_.pages * layout_.pageBytes}};
    }
    if (!isSet(first, index) && !isSet(second, index)) continue;
    memory.add(page * layout_.pageBytes, (page + 1) * layout_.pageBytes);
  }
  return std::move(memory).places(layout_.pages * layout_.pageBytes);
}

// It is the first page that is written, right behind the descriptors.
void KdumpTable::findZeroPage() noexcept {
  const std::uint64_t at = layout_.descriptors + present_ * kDescriptorBytes;
  std::vector<std::uint8_t> page(layout_.pageBytes);
  if (!file_.read(at, page).ok()) return;
  const bool zero =
      std::all_of(page.begin(), page.end(), [](std::uint8_t byte) { return byte == 0; });
  if (zero) zeroPage_ = at;
}

Status KdumpTable::rankOf(std::uint64_t page, std::uint64_t& rank) const noexcept {
  GroupBits group;
  const Status status = bits(layout_.bitmap, page / kGroupPages, group);
  if (!status.ok()) return status;
  rank = before_[page / kGroupPages];
  const std::uint64_t index = page % kGroupPages;
  for (std::uint64_t i = 0; i < index / 8; ++i) {
    rank += static_cast<unsigned>(__builtin_popcount(group[i]));
  }
  rank += static_cast<unsigned>(__builtin_popcount(group[index / 8] & ((1U << (index % 8)) - 1)));
  return {};
}

// A file that changes meanwhile gives pages that must be unpacked, and unpacking reports what is
// wrong.
PageRun KdumpTable::runAt(std::uint64_t page) const noexcept {
  GroupBits group;
  PageRun run{1, PageKind::packed};
  if (!bits(layout_.bitmap, page / kGroupPages, group).ok()) return run;
  const std::uint64_t index = page % kGroupPages;
  if (!isSet(group, index)) {
    const std::uint64_t pages = std::min(kGroupPages, layout_.pages - (page - index));
    run.kind = PageKind::absent;
    while (index + run.pages < pages && !isSet(group, index + run.pages)) ++run.pages;
    return run;
  }
  std::uint64_t rank = 0;
  Descriptor found{};
  if (!rankOf(page, rank).ok() || !descriptor(rank, found).ok()) return run;
  if (pageCodingOf(found.flags) != PageCoding::plain || found.bytes != layout_.pageBytes) {
    return run;
  }
  if (found.offset == zeroPage_ && zeroPage_ != 0) {
    run.kind = PageKind::zero;
    return run;
  }
  const std::optional<std::uint64_t> place = file_.inPlace(found.offset, found.bytes);
  if (!place) return run;
  run.kind = PageKind::stored;
  run.offset = *place;
  run.stride = layout_.pageBytes;
  return run;
}

Status KdumpTable::unpack(std::uint64_t page, std::span<std::uint8_t> out) const noexcept {
  std::uint64_t rank = 0;
  Descriptor found{};
  Status status = rankOf(page, rank);
  if (status.ok()) status = descriptor(rank, found);
  if (!status.ok()) return status;
  if (wrongIn(found) != nullptr) return Status::at(Fault::tooSmall, found.offset);
  std::vector<std::uint8_t> packed(found.bytes);
  status = file_.read(found.offset, packed);
  if (!status.ok()) return status;
  if (!decompress(pageCodingOf(found.flags), packed, out)) {
    return Status::at(Fault::badData, found.offset);
  }
  return {};
}

}  // namespace drover
