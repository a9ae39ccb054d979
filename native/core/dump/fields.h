// Numbers in a dump's headers, which are in the byte order of the guest's architecture.
#pragma once

#include <cstdint>
#include <span>

namespace drover {

// SAFETY: callers ask within the bytes they gave.
class Fields {
 public:
  Fields(std::span<const std::uint8_t> bytes, bool bigEndian) noexcept
      : bytes_(bytes), bigEndian_(bigEndian) {}

  [[nodiscard]] std::uint16_t u16(std::size_t at) const noexcept {
    return static_cast<std::uint16_t>(number(at, 2));
  }
  [[nodiscard]] std::uint32_t u32(std::size_t at) const noexcept {
    return static_cast<std::uint32_t>(number(at, 4));
  }
  [[nodiscard]] std::uint64_t u64(std::size_t at) const noexcept { return number(at, 8); }
  // A field that is 32 or 64 bits wide, by the file's class.
  [[nodiscard]] std::uint64_t word(bool wide, std::size_t at) const noexcept {
    return number(at, wide ? 8 : 4);
  }

 private:
  [[nodiscard]] std::uint64_t number(std::size_t at, std::size_t width) const noexcept {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < width; ++i) {
      const std::size_t from = bigEndian_ ? i : width - 1 - i;
      value = value << 8 | bytes_[at + from];
    }
    return value;
  }

  std::span<const std::uint8_t> bytes_;
  bool bigEndian_;
};

}  // namespace drover
