// Writes a block's content to a file, with holes where it is zero.
#pragma once

#include "core/cancel.h"
#include "core/image/ram_image.h"
#include "core/progress.h"

namespace drover {

// `fd` is an empty regular file, open for writing; it gets the block's length. The answer is how
// many bytes of data were written. On a failure the file is left as it is.
Result<std::uint64_t> extractBlock(const RamImage& image, const RamBlock& block, int fd,
                                   Progress& progress, const CancelFlag& cancel) noexcept;

}  // namespace drover
