// Writes migration streams byte by byte, for tests and as seeds of the fuzzers. Checks nothing:
// what a test wants to be wrong is written wrong.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace drover::test {

using Bytes = std::vector<std::uint8_t>;

class StreamBuilder {
 public:
  static constexpr std::uint32_t kRam = 2;  // section id
  static constexpr std::uint32_t kPage = 4096;

  StreamBuilder& u8(std::uint64_t value) { return field(value, 1); }
  StreamBuilder& u16(std::uint64_t value) { return field(value, 2); }
  StreamBuilder& u32(std::uint64_t value) { return field(value, 4); }
  StreamBuilder& u64(std::uint64_t value) { return field(value, 8); }
  StreamBuilder& text(std::string_view value) {
    bytes_.insert(bytes_.end(), value.begin(), value.end());
    return *this;
  }
  StreamBuilder& bytes(const Bytes& value) {
    bytes_.insert(bytes_.end(), value.begin(), value.end());
    return *this;
  }
  StreamBuilder& fill(std::uint64_t count, std::uint8_t value) {
    bytes_.insert(bytes_.end(), count, value);
    return *this;
  }
  StreamBuilder& name(std::string_view value) { return u8(value.size()).text(value); }
  StreamBuilder& alignTo(std::uint64_t boundary) {
    return fill((boundary - bytes_.size() % boundary) % boundary, 0);
  }

  StreamBuilder& header() { return text("QEVM").u32(3); }
  StreamBuilder& machine(std::string_view value) { return u8(7).u32(value.size()).text(value); }
  StreamBuilder& capability(std::string_view value) {
    return u8(5).name("configuration/capabilities").u32(1).u32(1).name(value);
  }
  StreamBuilder& sectionHead(std::uint8_t type, std::uint32_t id, std::string_view idstr,
                             std::uint32_t version, std::uint32_t instance = 0) {
    return u8(type).u32(id).name(idstr).u32(instance).u32(version);
  }
  StreamBuilder& footer(std::uint32_t id) { return footers_ ? u8(0x7e).u32(id) : *this; }
  StreamBuilder& device(std::uint32_t id, std::string_view idstr, const Bytes& payload) {
    return sectionHead(4, id, idstr, 1).bytes(payload).footer(id);
  }
  StreamBuilder& command(std::uint16_t number, const Bytes& argument) {
    return u8(8).u16(number).u16(argument.size()).bytes(argument);
  }

  // The ram section. Records go between chunks' beginnings and endChunk().
  StreamBuilder& startRam() { return sectionHead(1, kRam, "ram", 4); }
  StreamBuilder& partRam() { return u8(2).u32(kRam); }
  StreamBuilder& lastRam() { return u8(3).u32(kRam); }
  StreamBuilder& endChunk() { return u64(0x10).footer(kRam); }
  StreamBuilder& blockList(const std::vector<std::pair<std::string, std::uint64_t>>& blocks) {
    std::uint64_t total = 0;
    for (const auto& block : blocks) total += block.second;
    u64(total | 4);
    for (const auto& [block, length] : blocks) name(block).u64(length);
    return *this;
  }
  StreamBuilder& zero(std::uint64_t page, std::string_view block = {}, std::uint8_t value = 0) {
    return word(page, 0x02, block).u8(value);
  }
  StreamBuilder& page(std::uint64_t page, std::uint8_t value, std::string_view block = {}) {
    return word(page, 0x08, block).fill(pageBytes_, value);
  }
  StreamBuilder& delta(std::uint64_t page, const Bytes& value, std::string_view block = {}) {
    return word(page, 0x40, block).u8(1).u16(value.size()).bytes(value);
  }
  StreamBuilder& flush() { return u64(0x200); }

  StreamBuilder& end() { return u8(0); }
  StreamBuilder& description(std::string_view json) { return u8(6).u32(json.size()).text(json); }

  StreamBuilder& withoutFooters() {
    footers_ = false;
    return *this;
  }
  StreamBuilder& pageBytes(std::uint32_t value) {
    pageBytes_ = value;
    return *this;
  }
  // Without a block: the one of the record before.
  StreamBuilder& word(std::uint64_t page, std::uint32_t flags, std::string_view block) {
    u64(page * pageBytes_ | flags | (block.empty() ? 0x20U : 0U));
    return block.empty() ? *this : name(block);
  }
  [[nodiscard]] std::uint64_t size() const { return bytes_.size(); }
  [[nodiscard]] const Bytes& data() const { return bytes_; }
  [[nodiscard]] Bytes& data() { return bytes_; }

 private:
  StreamBuilder& field(std::uint64_t value, unsigned length) {
    while (length-- > 0) bytes_.push_back(static_cast<std::uint8_t>(value >> (8 * length)));
    return *this;
  }
  Bytes bytes_;
  std::uint32_t pageBytes_ = kPage;
  bool footers_ = true;
};

// A channel of a multifd migration.
class ChannelBuilder {
 public:
  explicit ChannelBuilder(std::uint8_t id) {
    out_.u32(0x11223344).u32(1).fill(16, 0).u8(id).fill(39, 0);
  }
  struct Packet {
    std::uint32_t flags = 0;
    std::string block = "pc.ram";
    std::vector<std::uint64_t> normal;  // page numbers
    std::vector<std::uint64_t> zero;
    Bytes payload;
    std::uint64_t number = 0;
    std::uint32_t staleSize = 0;  // written when there is no payload
    std::uint32_t allocated = 128;
  };
  ChannelBuilder& packet(const Packet& packet) {
    const std::uint64_t nextSize =
        packet.payload.empty() ? packet.staleSize : packet.payload.size();
    out_.u32(0x11223344).u32(1).u32(packet.flags).u32(packet.allocated);
    out_.u32(packet.normal.size()).u32(nextSize).u64(packet.number).u32(packet.zero.size());
    out_.fill(28, 0).text(packet.block).fill(256 - packet.block.size(), 0);
    for (const std::uint64_t page : packet.normal) out_.u64(page * StreamBuilder::kPage);
    for (const std::uint64_t page : packet.zero) out_.u64(page * StreamBuilder::kPage);
    out_.fill((128 - packet.normal.size() - packet.zero.size()) * 8, 0xaa).bytes(packet.payload);
    return *this;
  }
  ChannelBuilder& sync(std::uint64_t number = 0) {
    Packet packet;
    packet.flags = 1;
    packet.number = number;
    packet.allocated = 0;
    return this->packet(packet);
  }
  [[nodiscard]] const Bytes& data() const { return out_.data(); }

 private:
  StreamBuilder out_;
};

}  // namespace drover::test
