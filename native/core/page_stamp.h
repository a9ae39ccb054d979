// The stamps that a guest leaves in its pages, by level. The guest images write the same; all words
// are 64-bit little-endian.
//
//   byte  byte 0 is the generation mod 256; the rest of the page is not checked.
//   wide  word 0 is the generation g, word 1 the page's own guest-physical address.
//   page  words 0 and 1 as wide; each further word, at offset k = 16, 24, ..., is mix(address, g,
//   k).
//
// A stamp is at most 4096 bytes long, however far apart stamps are. A writer of level page stores
// word 1, then the words from offset 16 upwards, and word 0 last.
//
// A page with every word 0 is generation 0: not stamped yet.
#pragma once

#include <cstdint>
#include <cstring>

namespace drover {

enum class StampLevel : std::uint8_t { byte, wide, page };

constexpr std::uint64_t kStampGenerationFactor = 0x9E3779B97F4A7C15U;
constexpr std::uint64_t kStampMixFactor = 0xD6E8FEB86659FD93U;
constexpr std::uint32_t kStampHeaderBytes = 16;
constexpr std::uint32_t kLongestStamp = 4096;

constexpr std::uint32_t stampBytesOf(StampLevel level, std::uint32_t step) noexcept {
  if (level == StampLevel::byte) return 1;
  if (level == StampLevel::wide) return kStampHeaderBytes;
  return step < kLongestStamp ? step : kLongestStamp;
}

constexpr std::uint64_t mixStamp(std::uint64_t address, std::uint64_t generation,
                                 std::uint64_t offset) noexcept {
  std::uint64_t x = (address + offset) ^ (generation * kStampGenerationFactor);
  x ^= x >> 32;
  x *= kStampMixFactor;
  x ^= x >> 32;
  return x;
}

// The inverse of an odd number mod 2^64: each round doubles the number of right bits.
constexpr std::uint64_t inverseOf(std::uint64_t odd) noexcept {
  std::uint64_t inverse = odd;
  for (int i = 0; i < 6; ++i) inverse *= 2 - odd * inverse;
  return inverse;
}

// The generation that mix would need to give `word`: each step of mix can be undone.
constexpr std::uint64_t generationOfWord(std::uint64_t word, std::uint64_t address,
                                         std::uint64_t offset) noexcept {
  std::uint64_t x = word ^ (word >> 32);
  x *= inverseOf(kStampMixFactor);
  x ^= x >> 32;
  return (x ^ (address + offset)) * inverseOf(kStampGenerationFactor);
}

inline std::uint64_t wordAt(const std::uint8_t* bytes) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  word = __builtin_bswap64(word);
#endif
  return word;
}

}  // namespace drover
