// Which kernels of level page this processor can run.
#include <array>

#include "core/kernels/verify_pages.h"

namespace drover {
namespace {

struct Known {
  std::array<VerifyKernel, 3> list{};
  std::size_t count = 0;
  void add(std::string_view name, VerifyPages verify) noexcept { list[count++] = {name, verify}; }
};

Known find() noexcept {
  Known known;
  known.add("serial", verifyPagesSerial);
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) known.add("avx2", verifyPagesAvx2);
  if (__builtin_cpu_supports("avx512dq")) known.add("avx512", verifyPagesAvx512);
#elif defined(__aarch64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  known.add("neon", verifyPagesNeon);
#endif
  return known;
}

const Known& known() noexcept {
  static const Known once = find();
  return once;
}

}  // namespace

std::span<const VerifyKernel> verifyKernels() noexcept {
  return {known().list.data(), known().count};
}

const VerifyKernel& defaultVerifyKernel() noexcept {
  return verifyKernels().back();
}

const VerifyKernel* findVerifyKernel(std::string_view name) noexcept {
  for (const VerifyKernel& kernel : verifyKernels()) {
    if (kernel.name == name) return &kernel;
  }
  return nullptr;
}

}  // namespace drover
