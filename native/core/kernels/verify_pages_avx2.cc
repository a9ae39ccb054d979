// Four words at a time. AVX2 has no 64-bit multiplication, so the product is put together from
// three of 32 bits. Differences are collected over a whole page and tested once.
#include "core/kernels/verify_pages.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include "core/page_stamp.h"

#define DROVER_TARGET __attribute__((target("avx2")))

namespace drover {
namespace {

// Bytes to ask for ahead, since the processor's own prefetcher stops at each page's end. 4 GiB in
// the page cache, EPYC (family 26) under KVM, best of 3, ns a page: none 282, 512 bytes 167, 2048
// bytes 164, 8192 bytes 231.
constexpr std::size_t kAhead = 2048;

DROVER_TARGET inline __m256i mix(__m256i x) noexcept {
  const __m256i low = _mm256_set1_epi64x(static_cast<long long>(kStampMixFactor & 0xffffffffU));
  const __m256i high = _mm256_set1_epi64x(static_cast<long long>(kStampMixFactor >> 32));
  const __m256i upper = _mm256_srli_epi64(x, 32);
  x = _mm256_xor_si256(x, upper);
  // The upper half of x is unchanged by that, so `upper` still is x's.
  const __m256i cross = _mm256_add_epi64(_mm256_mul_epu32(upper, low), _mm256_mul_epu32(x, high));
  x = _mm256_add_epi64(_mm256_mul_epu32(x, low), _mm256_slli_epi64(cross, 32));
  return _mm256_xor_si256(x, _mm256_srli_epi64(x, 32));
}

DROVER_TARGET inline __m256i load(const std::uint8_t* from) noexcept {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
}

DROVER_TARGET bool isWhole(const std::uint8_t* page, std::size_t bytes, std::uint64_t address,
                           std::uint64_t generation) noexcept {
  const auto start = static_cast<long long>(address);
  const std::uint64_t product = generation * kStampGenerationFactor;
  const auto salted = static_cast<long long>(product);
  const __m256i salt = _mm256_set1_epi64x(salted);
  const __m256i step = _mm256_set1_epi64x(32);
  __m256i at = _mm256_add_epi64(_mm256_set1_epi64x(start), _mm256_setr_epi64x(0, 8, 16, 24));
  // The first vector holds the two words of the header.
  const __m256i header = _mm256_setr_epi64x(static_cast<long long>(generation), start, 0, 0);
  const __m256i first = _mm256_blend_epi32(mix(_mm256_xor_si256(at, salt)), header, 0x0f);
  __m256i wrong = _mm256_xor_si256(load(page), first);
  at = _mm256_add_epi64(at, step);
  for (std::size_t offset = 32; offset < bytes; offset += 32) {
    if (offset % 64 == 0) __builtin_prefetch(page + offset + kAhead);
    const __m256i wanted = mix(_mm256_xor_si256(at, salt));
    wrong = _mm256_or_si256(wrong, _mm256_xor_si256(load(page + offset), wanted));
    at = _mm256_add_epi64(at, step);
  }
  return _mm256_testz_si256(wrong, wrong) != 0;
}

}  // namespace

std::size_t verifyPagesAvx2(const StampedPages& pages) noexcept {
  return countWhole(pages, isWhole);
}

}  // namespace drover

#endif
