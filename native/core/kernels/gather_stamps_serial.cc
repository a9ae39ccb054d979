// The reference that the other kernels are tested against.
#include "core/kernels/gather_stamps.h"

namespace drover {

void gatherStampsSerial(const std::uint8_t* base, std::size_t step, std::size_t pages,
                        std::uint8_t* out) noexcept {
  for (std::size_t i = 0; i < pages; ++i) {
    out[i] = __atomic_load_n(base + i * step, __ATOMIC_RELAXED);
  }
}

}  // namespace drover
