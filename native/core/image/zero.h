// Tests whether bytes are all zero.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>

namespace drover {

/** True for an empty span. A span is zero when its first byte is and each byte equals the one
 * before. */
inline bool isZero(std::span<const std::uint8_t> bytes) noexcept {
  if (bytes.empty()) return true;
  return bytes[0] == 0 && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0;
}

}  // namespace drover
