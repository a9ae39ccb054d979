// The delta of one page: runs to keep and runs of new bytes in turn.
#pragma once

#include <cstdint>
#include <span>

namespace drover {

// Null, or what is wrong with the delta; the page is then half-changed.
const char* applyXbzrle(std::span<const std::uint8_t> delta, std::span<std::uint8_t> page) noexcept;

}  // namespace drover
