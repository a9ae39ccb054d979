// Raw memory: byte i of the file is byte i of guest memory. Holes of the file are zero pages and
// are not read.
#pragma once

#include "core/open_image.h"

namespace drover {

// `image.inputs` holds the one file. Finds at once where the data lies.
ParseError openRaw(RamImage& image, const OpenOptions& options, const CancelFlag& cancel) noexcept;

}  // namespace drover
