// Readable guest memory, of any kind. A source is safe to use from several threads at
// once.
//
// A new kind of memory (an ELF dump, a migration stream) is a new PageSource; a new kind of stamp
// that is wider than a byte is a new gather beside the one below.
#pragma once

#include <cstdint>
#include <span>

#include "core/kernels/gather_stamps.h"
#include "core/ram/regions.h"
#include "core/status.h"

namespace drover {

// A number as the guest stores it.
inline std::uint64_t littleEndian(std::span<const std::uint8_t> bytes) noexcept {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i > 0; --i) value = value << 8 | bytes[i - 1];
  return value;
}

class PageSource {
 public:
  PageSource() = default;
  PageSource(const PageSource&) = delete;
  PageSource& operator=(const PageSource&) = delete;
  virtual ~PageSource() = default;

  // How pages are fetched: "mapping" or a system call's name.
  [[nodiscard]] virtual const char* access() const noexcept = 0;

  // One byte of each page. `out` holds pages.count bytes. Only a mapping has use for the kernel.
  [[nodiscard]] virtual Status gather(const Strided& pages, const Kernel& kernel,
                                      std::uint8_t* out) const noexcept = 0;

  // Neighbouring bytes. Must not bring absent pages into being: a guest may be waiting for them.
  [[nodiscard]] virtual Status read(std::uint64_t address,
                                    std::span<std::uint8_t> out) const noexcept = 0;
};

}  // namespace drover
