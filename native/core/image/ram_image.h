// Guest RAM in a file or several files: named blocks of pages, and for each page the place of its
// final content. Every source (raw image, ELF or kdump dump, migration stream, mapped-ram file,
// multifd capture) becomes a RamImage, and scan, hash, diff and extract know nothing else.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/image/input_file.h"
#include "core/status.h"

namespace drover {

enum class PageKind : std::uint8_t {
  absent,  // never received, or not in the file: not the same as zero
  zero,
  fill,    // one byte value all over
  stored,  // P bytes in an input file
  packed,  // must be decoded: compressed in a file, or in the overlay
};

// The longest run of pages, from one page on, of one kind.
struct PageRun {
  std::uint64_t pages = 0;  // at least 1
  PageKind kind = PageKind::absent;
  std::uint8_t fill = 0;     // kind fill
  std::uint32_t input = 0;   // kind stored: index into RamImage::inputs
  std::uint64_t offset = 0;  // kind stored: where the first page is
  std::uint64_t stride = 0;  // kind stored: from one page to the next in the file, at least P (any
                             // value where pages is 1)
};

// Where the pages of one block are. Safe to use from several threads at once.
class PageTable {
 public:
  PageTable() = default;
  PageTable(const PageTable&) = delete;
  PageTable& operator=(const PageTable&) = delete;
  virtual ~PageTable() = default;

  // `page` is below the block's page count; the run ends at the block's end at the latest.
  [[nodiscard]] virtual PageRun runAt(std::uint64_t page) const noexcept = 0;

  // Decodes one page of kind packed; `out` holds P bytes. `address` of a failure is the file
  // offset. Tables without such pages need not define it.
  [[nodiscard]] virtual Status unpack(std::uint64_t page,
                                      std::span<std::uint8_t> out) const noexcept;

  // Whole pages of kind packed, from one on, where one call for all of them costs less than one for
  // each. False: they are to be unpacked one by one.
  [[nodiscard]] virtual bool readTogether(std::uint64_t /*page*/,
                                          std::span<std::uint8_t> /*out*/) const noexcept {
    return false;
  }

  // Bytes of memory that this index takes.
  [[nodiscard]] virtual std::uint64_t indexBytes() const noexcept = 0;

  // Stored pages of which every byte is 0, where they were counted when the index was made.
  [[nodiscard]] virtual std::optional<std::uint64_t> storedZeroes() const noexcept { return {}; }
};

// A piece of a block that guests see at an address.
struct AddressRange {
  std::uint64_t address;      // guest-physical
  std::uint64_t blockOffset;  // page-aligned
  std::uint64_t length;
};

struct RamBlock {
  std::string name;          // raw bytes as the file has them; escape before printing
  std::uint64_t length = 0;  // bytes, a multiple of pageBytes
  std::uint32_t pageBytes = 4096;
  // Guest-physical places; empty when neither the file nor the machine says where.
  std::vector<AddressRange> places;
  // They are in the order of addresses and apart, as dumps list them; they may be very many.
  bool placesInOrder = false;
  // Listed in the file, but its content is not in the file (x-ignore-shared).
  bool contentElsewhere = false;
  std::unique_ptr<PageTable> table;

  [[nodiscard]] std::uint64_t pages() const noexcept { return length / pageBytes; }
};

struct RamImage {
  // Tables point into `inputs`, so they must not be moved within the list once a table was made:
  // reserve first, or make tables last. Moving the whole image is fine.
  std::vector<InputFile> inputs;
  std::vector<RamBlock> blocks;

  [[nodiscard]] const RamBlock* find(std::string_view name) const noexcept;

  // Reads any bytes of a block, whatever the kinds of its pages; absent pages read as zero.
  [[nodiscard]] Status read(const RamBlock& block, std::uint64_t offset,
                            std::span<std::uint8_t> out) const noexcept;
  [[nodiscard]] std::uint64_t indexBytes() const noexcept;
};

// Why a file cannot be read as what it seems to be.
struct ParseError {
  std::string reason;        // a sentence without a full stop; empty means no error
  std::uint32_t input = 0;   // which of the files
  std::uint64_t offset = 0;  // where in it
  // Nothing is broken: it is something else than what can be read here.
  bool unsupported = false;

  [[nodiscard]] bool ok() const noexcept { return reason.empty(); }
};

}  // namespace drover
