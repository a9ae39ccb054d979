#include "core/stream/section_end.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace drover {
namespace {

constexpr std::uint64_t kEndWindow = std::uint64_t{1} << 20U;

std::array<std::uint8_t, kFooterBytes> footerOf(std::uint32_t id) noexcept {
  return {kFooterByte, static_cast<std::uint8_t>(id >> 24U), static_cast<std::uint8_t>(id >> 16U),
          static_cast<std::uint8_t>(id >> 8U), static_cast<std::uint8_t>(id)};
}

bool plausibleHeader(ByteReader reader) noexcept {
  ShortName name;
  reader.u32();
  reader.name(name);
  reader.skip(8);
  if (reader.cut() || name.view().empty()) return false;
  return std::all_of(name.view().begin(), name.view().end(),
                     [](char c) { return c >= ' ' && c <= '~'; });
}

}  // namespace

bool footerAt(const InputFile& file, std::uint64_t position, std::uint64_t end,
              std::uint32_t id) noexcept {
  ByteReader reader(file, position, end);
  return position <= end && reader.u8() == kFooterByte && reader.u32() == id && !reader.cut();
}

bool plausibleElement(const InputFile& file, std::uint64_t position, std::uint64_t end,
                      bool packaged, const std::set<std::uint32_t>& liveIds) noexcept {
  if (position == end) return packaged;
  if (position > end) return false;
  ByteReader reader(file, position, end);
  switch (reader.u8()) {
    case 0x00:
      return !packaged && (reader.left() == 0 || reader.u8() == 0x06);
    case 0x01:
    case 0x04:
      return plausibleHeader(reader);
    case 0x02:
    case 0x03: {
      const std::uint32_t id = reader.u32();
      return !reader.cut() && liveIds.contains(id);
    }
    case 0x08: {
      const std::uint16_t command = reader.u16();
      return !reader.cut() && command >= 1 && command <= 11;
    }
    default:
      return false;
  }
}

std::optional<std::uint64_t> findFooter(const InputFile& file, std::uint64_t from,
                                        std::uint64_t end, std::uint32_t id, bool packaged,
                                        const std::set<std::uint32_t>& liveIds) noexcept {
  const std::array<std::uint8_t, kFooterBytes> footer = footerOf(id);
  while (from < end && end - from >= kFooterBytes) {
    const std::uint64_t length = std::min(kEndWindow, end - from);
    std::uint64_t found = length;
    const Status status = file.visit(from, length, [&](const std::uint8_t* bytes) noexcept {
      const void* const hit = ::memmem(bytes, length, footer.data(), footer.size());
      if (hit != nullptr)
        found = static_cast<std::uint64_t>(static_cast<const std::uint8_t*>(hit) - bytes);
    });
    if (!status.ok()) return {};
    if (found == length) {
      from += length - (kFooterBytes - 1);
      continue;
    }
    const std::uint64_t at = from + found;
    if (plausibleElement(file, at + kFooterBytes, end, packaged, liveIds)) return at;
    from = at + 1;
  }
  return {};
}

}  // namespace drover
