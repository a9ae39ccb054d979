// The slow twin of the delta decoder: says for each byte of the page where it comes from.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace drover::test {

// Nothing when the delta is wrong.
inline std::optional<std::vector<std::uint8_t>> xbzrleTwin(const std::vector<std::uint8_t>& delta,
                                                           std::vector<std::uint8_t> page) {
  std::size_t at = 0;
  const auto length = [&]() -> std::optional<std::size_t> {
    if (at >= delta.size()) return {};
    const std::size_t first = delta[at++];
    if (first < 128) return first;
    if (at >= delta.size() || delta[at] >= 128) return {};
    return (first - 128) + std::size_t{delta[at++]} * 128;
  };
  if (delta.empty()) return {};
  std::size_t position = 0;
  for (bool first = true; at < delta.size(); first = false) {
    const auto kept = length();
    if (!kept || (*kept == 0 && !first)) return {};
    position += *kept;
    const auto fresh = length();
    if (!fresh || *fresh == 0) return {};
    for (std::size_t i = 0; i < *fresh; ++i) {
      if (position >= page.size() || at >= delta.size()) return {};
      page[position++] = delta[at++];
    }
  }
  return page;
}

}  // namespace drover::test
