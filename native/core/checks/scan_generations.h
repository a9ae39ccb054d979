// Fetches the generation of each page of a sequence at level wide or page, on one or several
// threads.
#pragma once

#include "core/checks/generation_runs.h"
#include "core/checks/stamp_sequence.h"
#include "core/kernels/verify_pages.h"
#include "core/page_stamp.h"
#include "core/progress.h"

namespace drover {

// Level page demands a step that is a multiple of 64. `blockAddress` is added to
// the sequence's addresses to get the guest's.
Result<GenerationRuns> scanGenerations(const RamImage& image, const StampSequence& stamps,
                                       StampLevel level, std::uint64_t blockAddress,
                                       const VerifyKernel& kernel, unsigned threads,
                                       Progress& progress, const CancelFlag& cancel) noexcept;

}  // namespace drover
