// Raw memory: byte i of the file is byte i of guest memory. Holes of the file are zero pages and
// are not read.
#pragma once

#include "core/open_image.h"

namespace drover {

// `image.inputs` holds the one file. Where the data lies is found out here and now.
ParseError openRaw(RamImage& image, const OpenOptions& options, const CancelFlag& cancel) noexcept;

}  // namespace drover
