// The kernel of level page: tests whether pages are complete and of one generation. Reads every
// byte once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace drover {

struct StampedPages {
  const std::uint8_t* base;  // any alignment
  std::size_t stride;        // in memory, from one page to the next
  std::size_t pages;
  std::size_t pageBytes;     // that are stamped: a multiple of 64
  std::uint64_t address;     // of the first page
  std::uint64_t generation;  // wanted of all
  std::uint64_t step;        // from the address of one page to that of the next
};

// How many pages at the start are complete, with their own address, and of the generation.
using VerifyPages = std::size_t (*)(const StampedPages& pages) noexcept;

std::size_t verifyPagesSerial(const StampedPages& pages) noexcept;
std::size_t verifyPagesAvx2(const StampedPages& pages) noexcept;
std::size_t verifyPagesAvx512(const StampedPages& pages) noexcept;
std::size_t verifyPagesNeon(const StampedPages& pages) noexcept;

// What goes around a kernel: isWhole(page, bytes, address, generation) tests one page.
template <class IsWhole>
std::size_t countWhole(const StampedPages& pages, IsWhole isWhole) noexcept {
  for (std::size_t i = 0; i < pages.pages; ++i) {
    const std::uint8_t* page = pages.base + i * pages.stride;
    if (!isWhole(page, pages.pageBytes, pages.address + i * pages.step, pages.generation)) {
      return i;
    }
  }
  return pages.pages;
}

struct VerifyKernel {
  std::string_view name;
  VerifyPages verify;
};

// All that this processor can run; the slow reference first.
std::span<const VerifyKernel> verifyKernels() noexcept;
const VerifyKernel& defaultVerifyKernel() noexcept;
// nullptr for an unknown name.
const VerifyKernel* findVerifyKernel(std::string_view name) noexcept;

}  // namespace drover
