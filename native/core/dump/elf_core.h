// ELF core files as dump-guest-memory writes them: physical memory in PT_LOAD segments. Leaves
// out registers and other notes.
#pragma once

#include "core/open_image.h"

namespace drover {

// Makes one block, "memory", whose offsets are guest addresses; what no segment covers is absent.
// Its places are the memory that segments list, whether the file holds the content or not.
ParseError openElfCore(RamImage& image, const OpenOptions& options,
                       const CancelFlag& cancel) noexcept;

}  // namespace drover
