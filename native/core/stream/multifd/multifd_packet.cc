#include "core/stream/multifd/multifd_packet.h"

#include <cstring>

namespace drover {
namespace {

constexpr std::uint32_t kPagesTotalBytes = 524288;  // of the offsets array, whatever the page size
constexpr std::uint64_t kFixedHead = 320;
constexpr std::uint64_t kDeviceHead = 276;

}  // namespace

std::string_view MultifdPacket::block() const noexcept {
  return {blockName.data(), ::strnlen(blockName.data(), blockName.size())};
}

const char* readMultifdPacket(ByteReader& reader, std::uint32_t pageBytes,
                              MultifdPacket& packet) noexcept {
  packet.at = reader.position();
  const std::uint32_t magic = reader.u32();
  const std::uint32_t version = reader.u32();
  packet.flags = reader.u32();
  if (reader.cut()) return "the file ends inside a packet's head";
  if (magic != kMultifdMagic) return "no packet where one must start";
  if (version != 1) return "a packet of unknown version";
  if (packet.isDeviceState()) {
    packet.normal = 0;
    packet.zero = 0;
    reader.skip(kDeviceHead - 12 - 4);
    packet.payloadBytes = reader.u32();
    return reader.cut() ? "the file ends inside a packet's head" : nullptr;
  }
  packet.allocated = reader.u32();
  packet.normal = reader.u32();
  const std::uint32_t nextSize = reader.u32();
  packet.number = reader.u64();
  packet.zero = reader.u32();
  reader.skip(4 + 3 * 8);
  reader.bytes({reinterpret_cast<std::uint8_t*>(packet.blockName.data()), packet.blockName.size()});
  const std::uint32_t room = kPagesTotalBytes / pageBytes;
  if (reader.cut()) return "the file ends inside a packet's head";
  if (packet.allocated > room || packet.normal > packet.allocated ||
      packet.zero > packet.allocated - packet.normal) {
    return "a packet with more pages than it has room for";
  }
  const std::uint32_t pages = packet.normal + packet.zero;
  static_assert(kFixedHead == 12 + 3 * 4 + 8 + 4 + 4 + 24 + 256);
  reader.bytes({packet.offsets.data(), std::size_t{pages} * 8});
  reader.skip(std::uint64_t{room - pages} * 8);
  if (reader.cut()) return "the file ends inside a packet's head";
  // Old writers leave the size of an earlier packet where there is no payload.
  packet.payloadBytes = packet.normal == 0 ? 0 : nextSize;
  return nullptr;
}

}  // namespace drover
