// kdump-compressed dumps as dump-guest-memory writes them (kdump-zlib, -lzo, -snappy and their raw
// variants), and those of makedumpfile with zstd. Leaves out notes and the utsname.
#pragma once

#include "core/open_image.h"

namespace drover {

// Makes one block, "memory", whose offsets are guest addresses; what was not dumped is absent.
// Every page descriptor is looked at, so a dump that is cut short is refused here.
ParseError openKdump(RamImage& image, const OpenOptions& options,
                     const CancelFlag& cancel) noexcept;

}  // namespace drover
