// Finds the end of a payload without a length: by the description of devices, if there is one and
// the footer is where it says, else by a search for a footer that is followed by a valid element.
#pragma once

#include <cstdint>
#include <optional>
#include <set>

#include "core/stream/byte_reader.h"

namespace drover {

inline constexpr std::uint8_t kFooterByte = 0x7e;
inline constexpr std::uint64_t kFooterBytes = 5;

// Whether an element could start at `position`: what is there fits one of the kinds. `liveIds` are
// the sections that were started.
bool plausibleElement(const InputFile& file, std::uint64_t position, std::uint64_t end,
                      bool packaged, const std::set<std::uint32_t>& liveIds) noexcept;

// Offset of the footer of section `id` at or after `from`.
std::optional<std::uint64_t> findFooter(const InputFile& file, std::uint64_t from,
                                        std::uint64_t end, std::uint32_t id, bool packaged,
                                        const std::set<std::uint32_t>& liveIds) noexcept;

bool footerAt(const InputFile& file, std::uint64_t position, std::uint64_t end,
              std::uint32_t id) noexcept;

}  // namespace drover
