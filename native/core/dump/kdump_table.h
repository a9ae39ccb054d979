// Finds the pages of a kdump: its second bitmap says which pages it has, and the n-th of them has
// the n-th descriptor. The first bitmap says where there is memory; makedumpfile leaves some of it
// out.
#pragma once

#include <cstdint>
#include <vector>

#include "core/dump/flat_file.h"
#include "core/image/ram_image.h"
#include "core/progress.h"

namespace drover {

struct KdumpLayout {
  bool bigEndian = false;
  std::uint32_t pageBytes = 4096;
  std::uint64_t pages = 0;   // of the address space that is described
  std::uint64_t bitmap = 0;  // offset of the second bitmap, and the bytes of each
  std::uint64_t bitmapBytes = 0;
  std::uint64_t descriptors = 0;  // offset of the first
};

class KdumpTable final : public PageTable {
 public:
  KdumpTable(FlatFile file, const KdumpLayout& layout) noexcept
      : file_(std::move(file)), layout_(layout) {}
  // Counts the pages and checks every descriptor.
  ParseError check(const CancelFlag& cancel, Progress* progress) noexcept;
  // Memory by either bitmap.
  [[nodiscard]] std::vector<AddressRange> places(const CancelFlag& cancel) const noexcept;

  [[nodiscard]] PageRun runAt(std::uint64_t page) const noexcept override;
  [[nodiscard]] Status unpack(std::uint64_t page,
                              std::span<std::uint8_t> out) const noexcept override;
  [[nodiscard]] std::uint64_t indexBytes() const noexcept override {
    return sizeof *this + file_.indexBytes() + before_.capacity() * sizeof(std::uint64_t);
  }

 private:
  struct Descriptor {
    std::uint64_t offset;
    std::uint32_t bytes;
    std::uint32_t flags;
  };
  [[nodiscard]] Status bits(std::uint64_t bitmap, std::uint64_t group,
                            std::span<std::uint8_t> out) const noexcept;
  [[nodiscard]] std::uint64_t countInGroup(std::uint64_t group,
                                           std::span<const std::uint8_t> bytes) const noexcept;
  [[nodiscard]] Status descriptor(std::uint64_t rank, Descriptor& out) const noexcept;
  [[nodiscard]] Status rankOf(std::uint64_t page, std::uint64_t& rank) const noexcept;
  [[nodiscard]] const char* wrongIn(const Descriptor& descriptor) const noexcept;
  void findZeroPage() noexcept;

  FlatFile file_;
  KdumpLayout layout_;
  // Pages that are there before each group of 4096.
  std::vector<std::uint64_t> before_;
  std::uint64_t present_ = 0;
  // All zero pages share one stored page; where it lies. 0 for none.
  std::uint64_t zeroPage_ = 0;
};

}  // namespace drover
