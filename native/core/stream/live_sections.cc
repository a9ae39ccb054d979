#include "core/stream/live_sections.h"

#include <array>

namespace drover {
namespace {

using Skip = LivePayload (*)(ByteReader&) noexcept;

LivePayload ended(const ByteReader& reader) noexcept {
  return reader.cut() ? LivePayload::broken : LivePayload::read;
}

LivePayload skipBlock(ByteReader& reader) noexcept {
  constexpr std::uint64_t kDeviceBlock = 1;
  constexpr std::uint64_t kEnd = 2;
  constexpr std::uint64_t kProgress = 4;
  constexpr std::uint64_t kZeroes = 8;
  constexpr std::uint64_t kBlockBytes = std::uint64_t{1} << 20U;
  while (!reader.cut()) {
    const std::uint64_t flags = reader.u64() & 511U;
    if (flags == kEnd) return ended(reader);
    if (flags == kProgress) continue;
    if ((flags & ~kZeroes) != kDeviceBlock) return LivePayload::broken;
    ShortName device;
    reader.name(device);
    if ((flags & kZeroes) == 0) reader.skip(kBlockBytes);
  }
  return LivePayload::broken;
}

LivePayload skipDirtyBitmap(ByteReader& reader) noexcept {
  constexpr std::uint32_t kEnd = 0x01;
  constexpr std::uint32_t kZeroes = 0x02;
  constexpr std::uint32_t kBitmapName = 0x04;
  constexpr std::uint32_t kDeviceName = 0x08;
  constexpr std::uint32_t kStart = 0x10;
  constexpr std::uint32_t kComplete = 0x20;
  constexpr std::uint32_t kBits = 0x40;
  constexpr std::uint32_t kKnown =
      kEnd | kZeroes | kBitmapName | kDeviceName | kStart | kComplete | kBits;
  ShortName name;
  while (!reader.cut()) {
    // The highest bit would mean that more flags follow, of which none exist.
    const std::uint32_t flags = reader.u8();
    if ((flags & ~kKnown) != 0) return LivePayload::broken;
    if ((flags & kDeviceName) != 0) reader.name(name);
    if ((flags & kBitmapName) != 0) reader.name(name);
    if ((flags & kStart) != 0) reader.skip(4 + 1);
    if ((flags & kBits) != 0) {
      reader.skip(8 + 4);
      if ((flags & kZeroes) == 0) reader.skip(reader.u64());
    }
    if ((flags & kEnd) != 0) return ended(reader);
  }
  return LivePayload::broken;
}

LivePayload skipHashTable(ByteReader& reader) noexcept {
  if (reader.u32() != 0) return ended(reader);  // its size; 0: it has none
  constexpr std::uint64_t kEntryBytes = 16;
  while (!reader.cut()) {
    const std::uint32_t index = reader.u32();
    const std::uint16_t valid = reader.u16();
    const std::uint16_t invalid = reader.u16();
    if (index == 0 && valid == 0 && invalid == 0) return ended(reader);
    reader.skip(valid * kEntryBytes);
  }
  return LivePayload::broken;
}

LivePayload skipStorageAttributes(ByteReader& reader) noexcept {
  constexpr std::uint64_t kEnd = 1;
  constexpr std::uint64_t kMore = 2;
  constexpr std::uint64_t kDone = 8;
  while (!reader.cut()) {
    const std::uint64_t flags = reader.u64() & 0xfffU;
    if (flags == kEnd) return ended(reader);
    if (flags == kMore) {
      reader.skip(reader.u64());
    } else if (flags != kDone) {
      return LivePayload::broken;
    }
  }
  return LivePayload::broken;
}

LivePayload skipVfio(ByteReader& reader) noexcept {
  constexpr std::uint64_t kEnd = 0xffffffffef100001;
  constexpr std::uint64_t kVfioConfiguration = 0xffffffffef100002;
  constexpr std::uint64_t kSetup = 0xffffffffef100003;
  constexpr std::uint64_t kData = 0xffffffffef100004;
  constexpr std::uint64_t kEndAtOnce = 0xffffffffef100005;
  constexpr std::uint64_t kEndAtOnceToo = 0xffffffffef100006;
  while (!reader.cut()) {
    const std::uint64_t tag = reader.u64();
    if (tag == kEnd || tag == kEndAtOnce || tag == kEndAtOnceToo) return ended(reader);
    if (tag == kVfioConfiguration) return LivePayload::unknown;  // a device inside the device
    if (tag == kData) {
      reader.skip(reader.u64());
    } else if (tag != kSetup) {
      return LivePayload::broken;
    }
  }
  return LivePayload::broken;
}

struct Known {
  std::string_view name;
  Skip skip;
};
constexpr std::array<Known, 4> kKnown{{{"block", skipBlock},
                                       {"dirty-bitmap", skipDirtyBitmap},
                                       {"spapr/htab", skipHashTable},
                                       {"s390-storage_attributes", skipStorageAttributes}}};

}  // namespace

LivePayload skipLivePayload(std::string_view name, ByteReader& reader) noexcept {
  for (const Known& known : kKnown) {
    if (name == known.name) return known.skip(reader);
  }
  return name.ends_with("/vfio") ? skipVfio(reader) : LivePayload::unknown;
}

}  // namespace drover
