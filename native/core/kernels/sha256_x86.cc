// With the SHA instructions, which do two rounds at a time on the state split into two registers.
#include "core/kernels/sha256.h"

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

#define DROVER_TARGET __attribute__((target("sha,sse4.1,ssse3")))

namespace drover {
namespace {

DROVER_TARGET inline __m128i loadWords(const std::uint8_t* from) noexcept {
  const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
  return _mm_shuffle_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)), swap);
}

// The next four words of the message, from the last sixteen.
DROVER_TARGET inline __m128i nextWords(__m128i w0, __m128i w1, __m128i w2, __m128i w3) noexcept {
  const __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(w0, w1), _mm_alignr_epi8(w3, w2, 4));
  return _mm_sha256msg2_epu32(sum, w3);
}

}  // namespace

DROVER_TARGET void sha256X86(Sha256State& state, const std::uint8_t* data,
                             std::size_t blocks) noexcept {
  auto* const kept = reinterpret_cast<__m128i*>(state.data());
  const auto* const constants = reinterpret_cast<const __m128i*>(kSha256Constants.data());
  // The instructions want a, b, e, f in one register and c, d, g, h in the other.
  const __m128i dcba = _mm_loadu_si128(kept);
  const __m128i hgfe = _mm_loadu_si128(kept + 1);
  const __m128i cdab = _mm_shuffle_epi32(dcba, 0xb1);
  const __m128i efgh = _mm_shuffle_epi32(hgfe, 0x1b);
  __m128i abef = _mm_alignr_epi8(cdab, efgh, 8);
  __m128i cdgh = _mm_blend_epi16(efgh, cdab, 0xf0);
  for (; blocks > 0; --blocks, data += kSha256Block) {
    const __m128i abefBefore = abef;
    const __m128i cdghBefore = cdgh;
    __m128i w[4];
    for (std::size_t i = 0; i < 4; ++i) w[i] = loadWords(data + 16 * i);
#pragma GCC unroll 16
    for (int i = 0; i < 16; ++i) {
      if (i >= 4) w[i % 4] = nextWords(w[i % 4], w[(i + 1) % 4], w[(i + 2) % 4], w[(i + 3) % 4]);
      const __m128i sum = _mm_add_epi32(w[i % 4], _mm_loadu_si128(constants + i));
      cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
      abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0e));
    }
    abef = _mm_add_epi32(abef, abefBefore);
    cdgh = _mm_add_epi32(cdgh, cdghBefore);
  }
  const __m128i feba = _mm_shuffle_epi32(abef, 0x1b);
  const __m128i dchg = _mm_shuffle_epi32(cdgh, 0xb1);
  _mm_storeu_si128(kept, _mm_blend_epi16(feba, dchg, 0xf0));
  _mm_storeu_si128(kept + 1, _mm_alignr_epi8(dchg, feba, 8));
}

bool sha256X86Works() noexcept {
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  constexpr unsigned kSha = 1U << 29;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & kSha) != 0 &&
         __builtin_cpu_supports("sse4.1") != 0;
}

}  // namespace drover

#else

namespace drover {

void sha256X86(Sha256State& state, const std::uint8_t* data, std::size_t blocks) noexcept {
  sha256Serial(state, data, blocks);
}

bool sha256X86Works() noexcept {
  return false;
}

}  // namespace drover

#endif
