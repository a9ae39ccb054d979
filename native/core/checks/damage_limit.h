// How many runs of damage or difference a check lists by default: every
// page of a badly broken guest of the usual size, and little enough to log.
#pragma once

#include <cstddef>

namespace drover {

constexpr std::size_t kDamageLimit = 8192;

}  // namespace drover
