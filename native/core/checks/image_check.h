// The check of guest stamps in an image, at any level. Each slice (a writer's range) is judged on
// its own: the cut that explains the most pages (see cut.h) over the pages that are there, and
// then every page that the cut does not explain, with the kind of damage.
//
// A page that was never received has no generation and is a damage kind of its own, never "0".
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/cancel.h"
#include "core/checks/damage_limit.h"
#include "core/checks/page_cells.h"
#include "core/image/ram_image.h"
#include "core/kernels/gather_stamps.h"
#include "core/kernels/verify_pages.h"
#include "core/page_stamp.h"
#include "core/progress.h"

namespace drover {

enum class DamageKind : std::uint8_t {
  stale,          // complete, but `by` generations behind
  ahead,          // complete, but `by` generations too new
  misplaced,      // a complete page that belongs to address `from`
  partlyWritten,  // of two generations; the other one begins at `byteOffset`
  zeroed,         // 0 where a generation was due; at level wide the guest may have counted up since
  absent,         // not in the image at all
  garbage,        // none of these
  flipped,        // as it should be but for one bit, in the byte at `byteOffset`
};
constexpr std::size_t kDamageKinds = 8;
std::string_view damageName(DamageKind kind) noexcept;

// Neighbouring pages damaged in the same way.
struct PageDamage {
  std::uint64_t address = 0;  // of the first; in the addresses of the request
  std::uint64_t pages = 0;
  std::uint32_t block = 0;
  std::uint64_t blockOffset = 0;  // of the first page's stamp
  DamageKind kind = DamageKind::garbage;
  std::uint64_t expected = 0;          // generation; mod 256 at level byte
  std::optional<std::uint64_t> found;  // generation, where one can be recognised
  std::uint64_t by = 0;                // stale and ahead: how many generations
  std::optional<std::uint64_t> from;   // misplaced: the first page's address word
  std::uint32_t byteOffset = 0;        // partlyWritten and garbage: where it goes wrong
};

struct Slice {
  std::uint64_t start;
  std::uint64_t end;  // exclusive
  // Addresses inside it that are not memory: pages go on at holeEnd. None when both are 0.
  std::uint64_t holeStart = 0;
  std::uint64_t holeEnd = 0;

  [[nodiscard]] bool hasHole() const noexcept { return holeEnd != 0; }
  [[nodiscard]] bool isSound() const noexcept {
    if (start >= end) return false;
    return !hasHole() || (start < holeStart && holeStart < holeEnd && holeEnd < end);
  }
  [[nodiscard]] std::uint64_t pages(std::uint64_t step) const noexcept {
    if (!hasHole()) return (end - start - 1) / step + 1;
    return (holeStart - start - 1) / step + 1 + (end - holeEnd - 1) / step + 1;
  }
  // Of the page at an address in it.
  [[nodiscard]] std::uint64_t pageAt(std::uint64_t address, std::uint64_t step) const noexcept {
    if (!hasHole() || address < holeEnd) return (address - start) / step;
    return (holeStart - start - 1) / step + 1 + (address - holeEnd) / step;
  }
  // A page begins there.
  [[nodiscard]] bool hasPage(std::uint64_t address, std::uint64_t step) const noexcept {
    if (address < start || address >= end) return false;
    if (!hasHole() || address < holeStart) return (address - start) % step == 0;
    return address >= holeEnd && (address - holeEnd) % step == 0;
  }
};

struct ImageCheckRequest {
  StampLevel level = StampLevel::byte;
  // Slices are guest addresses, or offsets in this block where one is named.
  std::optional<std::uint32_t> block;
  std::uint64_t blockAddress = 0;  // guest address of that block's offset 0, for address words
  std::vector<Slice> slices;
  std::uint32_t step = 4096;               // distance between stamps
  std::size_t damageLimit = kDamageLimit;  // runs kept per slice; totals are always complete
  std::uint32_t mapCells = 0;              // 0: no map
  const Kernel* gather = &defaultKernel();
  const VerifyKernel* verify = &defaultVerifyKernel();
  unsigned threads = 1;
};

struct SliceVerdict {
  Slice slice{};
  std::uint64_t pages = 0;
  std::uint64_t generation = 0;  // of the pages before the edge; mod 256 at level byte
  // Address of the first page one generation behind, by its word 0.
  std::optional<std::uint64_t> edge;
  // The page under writing when the guest stopped, part of it new: not damage. Level page alone.
  std::optional<std::uint64_t> beingWritten;
  std::uint64_t damagedPages = 0;
  std::uint64_t damagedRuns = 0;
  std::array<std::uint64_t, kDamageKinds> pagesByKind{};
  std::vector<PageDamage> damage;  // in address order, the first of them
  // Of the only slice, in one piece, with no page absent: upstream's rule over byte 0 of its pages.
  std::vector<std::string> upstreamLines;
  std::uint64_t elapsedNs = 0;
  std::uint64_t pagesPerCell = 0;
  std::vector<PageCell> map;
};

// Fault::outOfRange with the address when a slice reaches beyond what the image maps.
Result<std::vector<SliceVerdict>> checkImage(const RamImage& image,
                                             const ImageCheckRequest& request, Progress& progress,
                                             const CancelFlag& cancel) noexcept;

}  // namespace drover
