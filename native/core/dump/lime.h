// LiME's format, version 1, as its kernel module, `drover export --as lime` and others write it:
// ranges of memory, each behind a header with its first and its last address. Leaves out compressed
// ones.
#pragma once

#include "core/open_image.h"

namespace drover {

// Makes one block, "memory", whose offsets are guest addresses; what no range covers is absent.
ParseError openLime(RamImage& image, const OpenOptions& options, const CancelFlag& cancel) noexcept;

}  // namespace drover
