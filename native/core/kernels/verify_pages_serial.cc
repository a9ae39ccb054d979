// The reference that the other kernels are tested against.
#include "core/kernels/verify_pages.h"
#include "core/page_stamp.h"

namespace drover {
namespace {

bool isWhole(const std::uint8_t* page, std::size_t bytes, std::uint64_t address,
             std::uint64_t generation) noexcept {
  if (wordAt(page) != generation || wordAt(page + 8) != address) return false;
  for (std::size_t offset = kStampHeaderBytes; offset < bytes; offset += 8) {
    if (wordAt(page + offset) != mixStamp(address, generation, offset)) return false;
  }
  return true;
}

}  // namespace

std::size_t verifyPagesSerial(const StampedPages& pages) noexcept {
  return countWhole(pages, isWhole);
}

}  // namespace drover
