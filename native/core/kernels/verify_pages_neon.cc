// Two words at a time; NEON has no 64-bit multiplication either (see the AVX2 kernel).
#include "core/kernels/verify_pages.h"

#if defined(__aarch64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__

#include <arm_neon.h>

#include "core/page_stamp.h"

namespace drover {
namespace {

inline uint64x2_t mix(uint64x2_t x) noexcept {
  const uint32x2_t low = vdup_n_u32(static_cast<std::uint32_t>(kStampMixFactor));
  const uint32x2_t high = vdup_n_u32(static_cast<std::uint32_t>(kStampMixFactor >> 32));
  x = veorq_u64(x, vshrq_n_u64(x, 32));
  const uint32x2_t lower = vmovn_u64(x);
  const uint32x2_t upper = vshrn_n_u64(x, 32);
  const uint64x2_t cross = vmlal_u32(vmull_u32(upper, low), lower, high);
  x = vaddq_u64(vmull_u32(lower, low), vshlq_n_u64(cross, 32));
  return veorq_u64(x, vshrq_n_u64(x, 32));
}

inline uint64x2_t load(const std::uint8_t* from) noexcept {
  return vreinterpretq_u64_u8(vld1q_u8(from));
}

bool isWhole(const std::uint8_t* page, std::size_t bytes, std::uint64_t address,
             std::uint64_t generation) noexcept {
  const uint64x2_t salt = vdupq_n_u64(generation * kStampGenerationFactor);
  const uint64x2_t step = vdupq_n_u64(16);
  const uint64x2_t header = vcombine_u64(vcreate_u64(generation), vcreate_u64(address));
  uint64x2_t wrong = veorq_u64(load(page), header);
  uint64x2_t at = vcombine_u64(vcreate_u64(address + 16), vcreate_u64(address + 24));
  for (std::size_t offset = kStampHeaderBytes; offset < bytes; offset += 16) {
    wrong = vorrq_u64(wrong, veorq_u64(load(page + offset), mix(veorq_u64(at, salt))));
    at = vaddq_u64(at, step);
  }
  return (vgetq_lane_u64(wrong, 0) | vgetq_lane_u64(wrong, 1)) == 0;
}

}  // namespace

std::size_t verifyPagesNeon(const StampedPages& pages) noexcept {
  return countWhole(pages, isWhole);
}

}  // namespace drover

#endif
