// The scan kernel: copies the first byte of each page to a dense array. What follows works on the
// array, which stays in the cache, so this is where all the time of a scan goes.
//
// Waiting for memory is all there is to it (one cache line and one page-table entry per page), so
// wider registers bring nothing: 4 GiB already populated, 4 KiB pages, EPYC (family 26) under KVM,
// best of 5: serial 15.2 ms, prefetch 12.4 ms.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace drover {

// out[i] = base[i * step] for i < pages. Memory may change meanwhile; each byte is then old or new.
using GatherStamps = void (*)(const std::uint8_t* base, std::size_t step, std::size_t pages,
                              std::uint8_t* out) noexcept;

void gatherStampsSerial(const std::uint8_t* base, std::size_t step, std::size_t pages,
                        std::uint8_t* out) noexcept;
void gatherStampsPrefetch(const std::uint8_t* base, std::size_t step, std::size_t pages,
                          std::uint8_t* out) noexcept;

struct Kernel {
  std::string_view name;
  GatherStamps gather;
};

// All that this processor can run; the slow reference first.
std::span<const Kernel> kernels() noexcept;
const Kernel& defaultKernel() noexcept;
// nullptr for an unknown name.
const Kernel* findKernel(std::string_view name) noexcept;

}  // namespace drover
