// Small mapped-ram files: pages aligned to 4 KiB only, as readers must allow.
#pragma once

#include "tests/stream_builder.h"

namespace drover::test {

struct MappedBlock {
  std::string name;
  std::vector<int> pages;  // what a page is filled with; -1: clear in the bitmap
  bool bigEndian = false;
};

// What a test may want to be different.
struct MappedForm {
  std::uint32_t version = 1;
  std::uint64_t pageBytes = StreamBuilder::kPage;
  std::int64_t shiftBitmap = 0;
  std::int64_t shiftPages = 0;
  bool setTailBits = false;
  bool clearBitmaps = false;
  std::uint64_t prefix = 0;  // bytes before the stream; offsets are absolute
};

// Up to and including the mark that ends the first chunk.
inline StreamBuilder startOfMapped(const std::vector<MappedBlock>& blocks,
                                   const MappedForm& form = {}) {
  StreamBuilder out;
  out.fill(form.prefix, 0xee).header().machine("pc-i440fx-10.2").capability("mapped-ram");
  out.startRam();
  std::uint64_t total = 0;
  for (const MappedBlock& block : blocks) total += block.pages.size() * StreamBuilder::kPage;
  out.u64(total | 4);
  for (const MappedBlock& block : blocks) {
    const std::uint64_t length = block.pages.size() * StreamBuilder::kPage;
    const std::uint64_t words = (block.pages.size() + 63) / 64;
    out.name(block.name).u64(length).u32(form.version).u64(form.pageBytes);
    const std::uint64_t bitmap = out.size() + 16;
    const std::uint64_t pages = (bitmap + words * 8 + 4095) / 4096 * 4096;
    out.u64(bitmap + static_cast<std::uint64_t>(form.shiftBitmap));
    out.u64(pages + static_cast<std::uint64_t>(form.shiftPages));
    Bytes bits(words * 8, 0);
    const auto set = [&](std::size_t bit) {
      const std::size_t byte = block.bigEndian ? bit / 64 * 8 + 7 - bit % 64 / 8 : bit / 8;
      bits[byte] = static_cast<std::uint8_t>(bits[byte] | (1U << (bit % 8)));
    };
    for (std::size_t i = 0; i < block.pages.size(); ++i) {
      if (block.pages[i] >= 0 && !form.clearBitmaps) set(i);
    }
    if (form.setTailBits) set(words * 64 - 1);
    out.bytes(bits).alignTo(4096);
    for (const int value : block.pages) {
      // A clear page has something stale in its place.
      out.fill(4096, value >= 0 ? static_cast<std::uint8_t>(value) : 0xdd);
    }
  }
  return out.endChunk();
}

inline StreamBuilder wholeMapped(const std::vector<MappedBlock>& blocks,
                                 const MappedForm& form = {}) {
  return startOfMapped(blocks, form).partRam().endChunk().lastRam().endChunk().end();
}

}  // namespace drover::test
