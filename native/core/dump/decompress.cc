#include "core/dump/decompress.h"

#include <zlib.h>
#include <zstd.h>

#ifdef DROVER_HAS_LZO
#include <lzo/lzo1x.h>
#endif
#ifdef DROVER_HAS_SNAPPY
#include <snappy-c.h>
#endif

#include <cstring>

namespace drover {
namespace {

bool inflatePage(std::span<const std::uint8_t> packed, std::span<std::uint8_t> out) noexcept {
  uLongf length = out.size();
  return ::uncompress(out.data(), &length, packed.data(), packed.size()) == Z_OK &&
         length == out.size();
}

bool unzstd(std::span<const std::uint8_t> packed, std::span<std::uint8_t> out) noexcept {
  return ::ZSTD_decompress(out.data(), out.size(), packed.data(), packed.size()) == out.size();
}

#ifdef DROVER_HAS_LZO
bool unlzo(std::span<const std::uint8_t> packed, std::span<std::uint8_t> out) noexcept {
  lzo_uint length = out.size();
  return ::lzo1x_decompress_safe(packed.data(), packed.size(), out.data(), &length, nullptr) ==
             LZO_E_OK &&
         length == out.size();
}
#endif

#ifdef DROVER_HAS_SNAPPY
bool unsnap(std::span<const std::uint8_t> packed, std::span<std::uint8_t> out) noexcept {
  const auto* from = reinterpret_cast<const char*>(packed.data());
  std::size_t length = 0;
  if (::snappy_uncompressed_length(from, packed.size(), &length) != SNAPPY_OK ||
      length != out.size()) {
    return false;
  }
  return ::snappy_uncompress(from, packed.size(), reinterpret_cast<char*>(out.data()), &length) ==
             SNAPPY_OK &&
         length == out.size();
}
#endif

}  // namespace

PageCoding pageCodingOf(std::uint32_t flags) noexcept {
  switch (flags) {
    case 0:
      return PageCoding::plain;
    case 1:
      return PageCoding::zlib;
    case 2:
      return PageCoding::lzo;
    case 4:
      return PageCoding::snappy;
    case 0x20:
      return PageCoding::zstd;
    default:
      return PageCoding::unknown;
  }
}

bool canDecompress(PageCoding coding) noexcept {
#ifdef DROVER_HAS_LZO
  constexpr bool kHasLzo = true;
#else
  constexpr bool kHasLzo = false;
#endif
#ifdef DROVER_HAS_SNAPPY
  constexpr bool kHasSnappy = true;
#else
  constexpr bool kHasSnappy = false;
#endif
  if (coding == PageCoding::lzo) return kHasLzo;
  if (coding == PageCoding::snappy) return kHasSnappy;
  return coding != PageCoding::unknown;
}

const char* codingName(PageCoding coding) noexcept {
  switch (coding) {
    case PageCoding::plain:
      return "plain";
    case PageCoding::zlib:
      return "zlib";
    case PageCoding::lzo:
      return "lzo";
    case PageCoding::snappy:
      return "snappy";
    case PageCoding::zstd:
      return "zstd";
    case PageCoding::unknown:
      break;
  }
  return "unknown";
}

bool decompress(PageCoding coding, std::span<const std::uint8_t> packed,
                std::span<std::uint8_t> out) noexcept {
  switch (coding) {
    case PageCoding::plain:
      if (packed.size() != out.size()) return false;
      std::memcpy(out.data(), packed.data(), out.size());
      return true;
    case PageCoding::zlib:
      return inflatePage(packed, out);
    case PageCoding::zstd:
      return unzstd(packed, out);
#ifdef DROVER_HAS_LZO
    case PageCoding::lzo:
      return unlzo(packed, out);
#endif
#ifdef DROVER_HAS_SNAPPY
    case PageCoding::snappy:
      return unsnap(packed, out);
#endif
    default:
      return false;
  }
}

}  // namespace drover
