// How many runs of damage or difference a check lists where nobody asks for another number: every
// page of a badly broken guest of the usual size, and little enough to log.
#pragma once

#include <cstddef>

namespace drover {

constexpr std::size_t kDamageLimit = 8192;

}  // namespace drover
