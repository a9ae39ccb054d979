// Decompresses one page of a kdump, by the methods that are compiled in.
#pragma once

#include <cstdint>
#include <span>

namespace drover {

enum class PageCoding : std::uint8_t { plain, zlib, lzo, snappy, zstd, unknown };

// By the low bits of a page descriptor's flags.
PageCoding pageCodingOf(std::uint32_t flags) noexcept;
// Whether this build can undo it: lzo and snappy need their libraries.
bool canDecompress(PageCoding coding) noexcept;
const char* codingName(PageCoding coding) noexcept;

// True when `packed` gives exactly out.size() bytes, no more and no less.
bool decompress(PageCoding coding, std::span<const std::uint8_t> packed,
                std::span<std::uint8_t> out) noexcept;

}  // namespace drover
