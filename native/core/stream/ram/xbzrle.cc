#include "core/stream/ram/xbzrle.h"

#include <cstring>

namespace drover {
namespace {

// A length of at most 14 bits: seven bits a byte, low ones first, and at most two bytes. -1: not
// one.
int takeLength(std::span<const std::uint8_t>& delta) noexcept {
  if (delta.empty()) return -1;
  const unsigned low = delta[0];
  if (low < 0x80) {
    delta = delta.subspan(1);
    return static_cast<int>(low);
  }
  if (delta.size() < 2 || delta[1] >= 0x80) return -1;
  const unsigned high = delta[1];
  delta = delta.subspan(2);
  return static_cast<int>((low & 0x7fU) | (high << 7U));
}

}  // namespace

const char* applyXbzrle(std::span<const std::uint8_t> delta,
                        std::span<std::uint8_t> page) noexcept {
  if (delta.empty()) return "an empty delta";
  for (bool first = true; !delta.empty(); first = false) {
    const int kept = takeLength(delta);
    if (kept < 0) return "a delta with a broken length";
    if (kept == 0 && !first) return "a delta with an empty run";
    if (static_cast<std::size_t>(kept) > page.size()) return "a delta longer than the page";
    page = page.subspan(static_cast<std::size_t>(kept));
    const int fresh = takeLength(delta);
    if (fresh < 0) return "a delta with a broken length";
    if (fresh == 0) return "a delta with an empty run";
    const auto count = static_cast<std::size_t>(fresh);
    if (count > page.size()) return "a delta longer than the page";
    if (count > delta.size()) return "a delta that lacks its bytes";
    std::memcpy(page.data(), delta.data(), count);
    page = page.subspan(count);
    delta = delta.subspan(count);
  }
  return nullptr;
}

}  // namespace drover
