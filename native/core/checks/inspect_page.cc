#include "core/checks/inspect_page.h"

#include <algorithm>
#include <array>

#include "core/image/zero.h"

namespace drover {
namespace {

// Two generations further apart than this are not two states of one page.
constexpr std::uint64_t kFarApart = std::uint64_t{1} << 32;

std::uint64_t stampWord(std::uint64_t address, std::uint64_t generation,
                        std::size_t offset) noexcept {
  if (offset == 0) return generation;
  return offset == 8 ? address : mixStamp(address, generation, offset);
}

std::uint8_t byteOf(std::uint64_t word, std::size_t index) noexcept {
  return static_cast<std::uint8_t>(word >> (8 * index));
}

// The first byte that is not the stamp's, looking at words from `offset` on; the length when all
// are.
std::size_t firstWrongByte(std::span<const std::uint8_t> page, std::uint64_t address,
                           std::uint64_t generation, std::size_t offset, std::size_t end) noexcept {
  for (std::size_t at = offset; at < end; at += 8) {
    const std::uint64_t wrong = wordAt(page.data() + at) ^ stampWord(address, generation, at);
    if (wrong != 0) return at + static_cast<std::size_t>(__builtin_ctzll(wrong)) / 8;
  }
  return end;
}

// The word where two generations meet may hold bytes of both.
bool joins(std::uint64_t word, std::uint64_t head, std::uint64_t tail,
           std::size_t headBytes) noexcept {
  for (std::size_t i = 0; i < 8; ++i) {
    if (byteOf(word, i) != byteOf(i < headBytes ? head : tail, i)) return false;
  }
  return true;
}

bool nearby(std::uint64_t a, std::uint64_t b) noexcept {
  return a != b && (a - b < kFarApart || b - a < kFarApart);
}

// One generation up to some byte and another, or zeroes, from there on.
std::optional<PageFinding> partlyWritten(const PageQuestion& question,
                                         std::span<const std::uint8_t> page) noexcept {
  const std::uint64_t address = question.address;
  const std::uint64_t head = wordAt(page.data());
  const std::size_t wrong = firstWrongByte(page, address, head, 8, page.size());
  if (wrong == page.size() || wrong < kStampHeaderBytes) return std::nullopt;
  PageFinding finding;
  finding.kind = DamageKind::partlyWritten;
  finding.byteOffset = static_cast<std::uint32_t>(wrong);
  if (isZero(page.subspan(wrong))) {
    finding.found = head == question.expected ? 0 : head;
    return finding;
  }
  const std::size_t word = wrong & ~std::size_t{7};
  const std::uint64_t joint = wordAt(page.data() + word);
  const auto fits = [&](std::uint64_t tail) noexcept {
    return nearby(head, tail) &&
           joins(joint, stampWord(address, head, word), stampWord(address, tail, word),
                 wrong - word) &&
           firstWrongByte(page, address, tail, word + 8, page.size()) == page.size();
  };
  // Any word behind the seam gives the other generation. With the seam in the last word there is
  // none, and the likely ones are tried.
  const bool last = word + 8 == page.size();
  const std::size_t witness = last ? word : word + 8;
  const std::array<std::uint64_t, 4> candidates{
      generationOfWord(wordAt(page.data() + witness), address, witness), head - 1, head + 1,
      question.expected};
  const auto* const tail = std::find_if(candidates.begin(), candidates.end(), fits);
  if (tail == candidates.end()) return std::nullopt;
  finding.found = head == question.expected ? *tail : head;
  return finding;
}

// Words of two generations in any order: as a writer leaves a page that it is writing, or a copy by
// words.
std::optional<PageFinding> mixed(const PageQuestion& question,
                                 std::span<const std::uint8_t> page) noexcept {
  if (wordAt(page.data() + 8) != question.address) return std::nullopt;
  const std::uint64_t first = wordAt(page.data());
  std::optional<std::uint64_t> second;
  PageFinding finding;
  finding.kind = DamageKind::partlyWritten;
  for (std::size_t at = kStampHeaderBytes; at < page.size(); at += 8) {
    const std::uint64_t word = wordAt(page.data() + at);
    const std::uint64_t generation = word == 0 ? 0 : generationOfWord(word, question.address, at);
    if (generation == first) continue;
    if (!second) {
      if (!nearby(first, generation)) return std::nullopt;
      second = generation;
      finding.byteOffset = static_cast<std::uint32_t>(at);
    }
    if (generation != *second) return std::nullopt;
  }
  if (!second) return std::nullopt;
  finding.found = first == question.expected ? *second : first;
  return finding;
}

// The page as it should be, but for one bit.
std::optional<PageFinding> flipped(const PageQuestion& question, std::span<const std::uint8_t> page,
                                   std::size_t stamped) noexcept {
  PageFinding finding;
  finding.kind = DamageKind::flipped;
  unsigned bits = 0;
  for (std::size_t at = 0; at < stamped && bits <= 1; at += 8) {
    const std::uint64_t wrong =
        wordAt(page.data() + at) ^ stampWord(question.address, question.expected, at);
    if (wrong == 0) continue;
    bits += static_cast<unsigned>(__builtin_popcountll(wrong));
    finding.byteOffset =
        static_cast<std::uint32_t>(at + static_cast<std::size_t>(__builtin_ctzll(wrong)) / 8);
  }
  return bits == 1 ? std::optional(finding) : std::nullopt;
}

bool isPageOfRequest(const PageQuestion& question, std::uint64_t address) noexcept {
  return std::any_of(question.slices->begin(), question.slices->end(),
                     [&](const Slice& slice) noexcept {
                       return address >= question.blockAddress &&
                              slice.hasPage(address - question.blockAddress, question.step);
                     });
}

std::optional<PageFinding> misplaced(const PageQuestion& question,
                                     std::span<const std::uint8_t> page) noexcept {
  const std::uint64_t generation = wordAt(page.data());
  const std::uint64_t from = wordAt(page.data() + 8);
  if (from == question.address || !isPageOfRequest(question, from)) return std::nullopt;
  const std::size_t stamped = question.level == StampLevel::page ? page.size() : kStampHeaderBytes;
  if (firstWrongByte(page, from, generation, 0, stamped) != stamped) return std::nullopt;
  PageFinding finding;
  finding.kind = DamageKind::misplaced;
  finding.found = generation;
  finding.from = from;
  return finding;
}

}  // namespace

PageFinding inspectPage(const PageQuestion& question, std::span<const std::uint8_t> page) noexcept {
  if (isZero(page)) return {DamageKind::zeroed, 0, std::nullopt, 0};
  const bool wholePage = question.level == StampLevel::page;
  const std::size_t stamped = wholePage ? page.size() : kStampHeaderBytes;
  if (const auto finding = flipped(question, page, stamped)) return *finding;
  if (wholePage) {
    if (const auto finding = partlyWritten(question, page)) return *finding;
    if (const auto finding = mixed(question, page)) return *finding;
  }
  // It arrived as zeroes, and the guest has counted up its word 0 since. (A copy of the page at
  // address 0, where that is stamped, is a generation behind at most.)
  const std::uint64_t count = wordAt(page.data());
  if (!wholePage && wordAt(page.data() + 8) == 0 && count + 1 < question.expected) {
    return {DamageKind::zeroed, count, std::nullopt, 0};
  }
  if (const auto finding = misplaced(question, page)) return *finding;
  PageFinding finding;
  finding.byteOffset = static_cast<std::uint32_t>(
      firstWrongByte(page, question.address, question.expected, 0, stamped));
  return finding;
}

bool isBeingWritten(std::uint64_t address, std::uint64_t old,
                    std::span<const std::uint8_t> page) noexcept {
  if (wordAt(page.data()) != old || wordAt(page.data() + 8) != address) return false;
  std::size_t at = kStampHeaderBytes;
  while (at < page.size() && wordAt(page.data() + at) == mixStamp(address, old + 1, at)) at += 8;
  // What was never stamped is zero.
  if (old == 0) return isZero(page.subspan(at));
  return firstWrongByte(page, address, old, at, page.size()) == page.size();
}

}  // namespace drover
