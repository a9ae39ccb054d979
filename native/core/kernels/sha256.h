// SHA-256 (FIPS 180-4), to name the content of a block.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace drover {

using Sha256State = std::array<std::uint32_t, 8>;
using Sha256Kernel = void (*)(Sha256State& state, const std::uint8_t* data,
                              std::size_t blocks) noexcept;

constexpr std::size_t kSha256Block = 64;

extern const std::array<std::uint32_t, 64> kSha256Constants;

void sha256Serial(Sha256State& state, const std::uint8_t* data, std::size_t blocks) noexcept;
// Only where sha256X86Works().
void sha256X86(Sha256State& state, const std::uint8_t* data, std::size_t blocks) noexcept;
bool sha256X86Works() noexcept;
Sha256Kernel defaultSha256() noexcept;

class Sha256 {
 public:
  explicit Sha256(Sha256Kernel kernel = defaultSha256()) noexcept : kernel_(kernel) {}
  // Allocates nothing, so it may run under the guard.
  void update(const std::uint8_t* data, std::size_t length) noexcept;
  // In hex. Nothing may follow.
  [[nodiscard]] std::string finish() noexcept;

 private:
  Sha256Kernel kernel_;
  Sha256State state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                     0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<std::uint8_t, kSha256Block> rest_{};
  std::size_t held_ = 0;
  std::uint64_t total_ = 0;
};

}  // namespace drover
