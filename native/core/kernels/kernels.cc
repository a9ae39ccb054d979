// The list of kernels. A kernel for one instruction set would be listed here after a check of the
// processor.
#include <array>

#include "core/kernels/gather_stamps.h"

namespace drover {
namespace {

constexpr std::array<Kernel, 2> kKernels{{
    {"serial", gatherStampsSerial},
    {"prefetch", gatherStampsPrefetch},
}};

}  // namespace

std::span<const Kernel> kernels() noexcept {
  return kKernels;
}

const Kernel& defaultKernel() noexcept {
  return kKernels.back();
}

const Kernel* findKernel(std::string_view name) noexcept {
  for (const Kernel& kernel : kKernels) {
    if (kernel.name == name) return &kernel;
  }
  return nullptr;
}

}  // namespace drover
