// Windows crash dumps as dump-guest-memory -w writes them (win-dmp): a header that the guest made,
// then runs of pages. Leaves out all but memory, and dumps that Windows itself cut down.
#pragma once

#include "core/open_image.h"

namespace drover {

// Makes one block, "memory", whose offsets are guest addresses; what no run covers is absent.
ParseError openWinDump(RamImage& image, const OpenOptions& options,
                       const CancelFlag& cancel) noexcept;

}  // namespace drover
