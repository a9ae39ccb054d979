// What goes over a multifd channel: the head of a packet, and how its payload is decoded.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "core/stream/byte_reader.h"

namespace drover {

inline constexpr std::uint32_t kMultifdMagic = 0x11223344;
inline constexpr std::uint64_t kMultifdInitBytes = 64;

struct MultifdPacket {
  static constexpr std::uint32_t kSync = 1;
  static constexpr std::uint32_t kDeviceState = 0x40;
  // Page offsets that fit when pages have 1 KiB, the smallest there are.
  static constexpr std::size_t kMostPages = 512;

  std::uint64_t at = 0;  // where it starts
  std::uint32_t flags = 0;
  std::uint32_t allocated = 0;
  std::uint32_t normal = 0;
  std::uint32_t zero = 0;
  std::uint32_t payloadBytes = 0;
  std::uint64_t number = 0;
  std::array<char, 256> blockName{};
  std::array<std::uint8_t, kMostPages * 8> offsets;

  [[nodiscard]] bool isSync() const noexcept { return (flags & kSync) != 0; }
  [[nodiscard]] bool isDeviceState() const noexcept { return (flags & kDeviceState) != 0; }
  [[nodiscard]] std::uint32_t compression() const noexcept { return (flags >> 1U) & 0x1fU; }
  [[nodiscard]] std::string_view block() const noexcept;
  [[nodiscard]] std::uint64_t offset(std::uint32_t index) const noexcept {
    return fromBigEndian<std::uint64_t>(offsets.data() + std::size_t{index} * 8);
  }
};

// Null when a packet was read and the reader stands before its payload; else what is wrong. A head
// that does not end within the file leaves `reader` cut.
const char* readMultifdPacket(ByteReader& reader, std::uint32_t pageBytes,
                              MultifdPacket& packet) noexcept;

// One channel's compressed bytes: a single stream from the first packet to the last.
class ChannelDecoder {
 public:
  ChannelDecoder() = default;
  ChannelDecoder(const ChannelDecoder&) = delete;
  ChannelDecoder& operator=(const ChannelDecoder&) = delete;
  virtual ~ChannelDecoder() = default;

  virtual void feed(std::span<const std::uint8_t> input) noexcept = 0;
  // Bytes of the last feed() that are not used up.
  [[nodiscard]] virtual std::size_t waiting() const noexcept = 0;
  // Fills as much of `out` as the input at hand gives. -1: the data is broken.
  virtual std::int64_t decode(std::span<std::uint8_t> out) noexcept = 0;
};

std::unique_ptr<ChannelDecoder> makeZlibDecoder() noexcept;
std::unique_ptr<ChannelDecoder> makeZstdDecoder() noexcept;

}  // namespace drover
