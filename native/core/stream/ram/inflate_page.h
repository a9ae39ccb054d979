// One page of the former `compress` capability: be32 length, then a complete zlib stream that
// becomes exactly one page.
#pragma once

#include <cstdint>
#include <span>

#include "core/image/input_file.h"

namespace drover {

// The longest that a page can become, with some slack.
constexpr std::uint32_t compressedPageLimit(std::uint32_t pageBytes) noexcept {
  return pageBytes + (pageBytes >> 12U) + (pageBytes >> 14U) + 64;
}

// `at` is the address of the length. A failure has `at` as its address.
Status inflatePage(const InputFile& file, std::uint64_t at, std::span<std::uint8_t> page) noexcept;

}  // namespace drover
