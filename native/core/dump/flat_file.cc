#include "core/dump/flat_file.h"

#include <algorithm>
#include <array>
#include <map>

#include "core/dump/fields.h"

namespace drover {
namespace {

constexpr std::uint64_t kFlatHeaderBytes = 4096;
constexpr std::uint64_t kEndMark = ~std::uint64_t{0};
constexpr std::uint64_t kLargest = std::uint64_t{1} << 56;

}  // namespace

ParseError FlatFile::openFlattened(const CancelFlag& cancel) noexcept {
  flattened_ = true;
  std::array<std::uint8_t, 16> bytes{};
  if (!file_->read(16, bytes).ok()) return {"the flattened header is cut short", 0, file_->size()};
  if (Fields(bytes, true).u64(0) != 1 || Fields(bytes, true).u64(8) != 1) {
    return {"a flattened dump of an unknown type or version", 0, 16};
  }
  bool sorted = true;
  std::uint64_t at = kFlatHeaderBytes;
  size_ = 0;
  for (std::uint64_t count = 0; count % 1024 != 0 || !cancel.isSet(); ++count) {
    if (!file_->read(at, bytes).ok()) {
      return {"no end mark: the flattened dump is cut short", 0, file_->size()};
    }
    const std::uint64_t start = Fields(bytes, true).u64(0);
    const std::uint64_t length = Fields(bytes, true).u64(8);
    if (start == kEndMark && length == kEndMark) break;
    if (start > kLargest || length > kLargest || length == 0) {
      return {"a record of the flattened dump has an impossible place or size", 0, at};
    }
    at += bytes.size();
    if (!file_->holds(at, length)) return {"a record ends behind the file: cut short", 0, at};
    Piece* const last = pieces_.empty() ? nullptr : &pieces_.back();
    sorted = sorted && (last == nullptr || start >= last->start + last->length);
    pieces_.push_back({start, length, at});
    size_ = std::max(size_, start + length);
    at += length;
  }
  if (!sorted) settleOverlaps();
  return {};
}

void FlatFile::settleOverlaps() noexcept {
  // The usual case first: written in turns to several places, but nothing twice.
  std::vector<Piece> ordered = pieces_;
  std::sort(ordered.begin(), ordered.end(),
            [](const Piece& a, const Piece& b) { return a.start < b.start; });
  const auto overlap = std::adjacent_find(
      ordered.begin(), ordered.end(),
      [](const Piece& a, const Piece& b) { return b.start - a.start < a.length; });
  if (overlap == ordered.end()) {
    pieces_ = std::move(ordered);
    return;
  }
  std::map<std::uint64_t, Piece> settled;
  for (const Piece& piece : pieces_) {
    const std::uint64_t end = piece.start + piece.length;
    auto next = settled.lower_bound(piece.start);
    if (next != settled.begin()) {
      Piece& before = std::prev(next)->second;
      const std::uint64_t beforeEnd = before.start + before.length;
      if (beforeEnd > end) {
        settled[end] = {end, beforeEnd - end, before.offset + (end - before.start)};
      }
      before.length = std::min(before.length, piece.start - before.start);
    }
    while (next != settled.end() && next->first < end) {
      const Piece covered = next->second;
      next = settled.erase(next);
      const std::uint64_t coveredEnd = covered.start + covered.length;
      if (coveredEnd > end) {
        settled[end] = {end, coveredEnd - end, covered.offset + (end - covered.start)};
        break;
      }
    }
    settled[piece.start] = piece;
  }
  pieces_.clear();
  for (const auto& [start, piece] : settled) pieces_.push_back(piece);
}

const FlatFile::Piece* FlatFile::find(std::uint64_t offset) const noexcept {
  auto after = std::upper_bound(
      pieces_.begin(), pieces_.end(), offset,
      [](std::uint64_t wanted, const Piece& piece) { return wanted < piece.start; });
  if (after == pieces_.begin()) return nullptr;
  --after;
  return offset - after->start < after->length ? &*after : nullptr;
}

bool FlatFile::holds(std::uint64_t offset, std::uint64_t length) const noexcept {
  return offset <= size_ && length <= size_ - offset;
}

Status FlatFile::read(std::uint64_t offset, std::span<std::uint8_t> out) const noexcept {
  if (!flattened_) return file_->read(offset, out);
  while (!out.empty()) {
    const Piece* piece = find(offset);
    if (piece == nullptr) return Status::at(Fault::tooSmall, file_->size());
    const std::uint64_t inside = offset - piece->start;
    const auto count =
        static_cast<std::size_t>(std::min<std::uint64_t>(piece->length - inside, out.size()));
    const Status status = file_->read(piece->offset + inside, out.first(count));
    if (!status.ok()) return status;
    out = out.subspan(count);
    offset += count;
  }
  return {};
}

std::optional<std::uint64_t> FlatFile::inPlace(std::uint64_t offset,
                                               std::uint64_t length) const noexcept {
  if (!flattened_) return holds(offset, length) ? std::optional(offset) : std::nullopt;
  const Piece* piece = find(offset);
  if (piece == nullptr || length > piece->length - (offset - piece->start)) return std::nullopt;
  return piece->offset + (offset - piece->start);
}

}  // namespace drover
