// Anonymous memory of a process whose guest is stopped, as an image: one block per region.
#pragma once

#include <sys/types.h>

#include "core/image/ram_image.h"
#include "core/ram/regions.h"

namespace drover {

// Targets are host addresses; sizes must be multiples of the page size. Every page is fetched with
// process_vm_readv when it is asked for, so nothing is held here.
Result<RamImage> openProcessImage(pid_t pid, const std::vector<Region>& regions,
                                  std::uint32_t pageBytes) noexcept;

}  // namespace drover
