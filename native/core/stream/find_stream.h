// Finds where a migration stream starts in a file that holds something else before it.
#pragma once

#include <cstdint>
#include <optional>

#include "core/image/input_file.h"

namespace drover {

inline constexpr std::uint32_t kStreamMagic = 0x5145564d;  // "QEVM"
inline constexpr std::uint32_t kStreamVersion = 3;

// The first header in [from, from + limit) that an element of a stream follows.
std::optional<std::uint64_t> findStream(const InputFile& file, std::uint64_t from,
                                        std::uint64_t limit) noexcept;

}  // namespace drover
