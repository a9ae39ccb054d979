// Anonymous shared memory and connected sockets, for handing to a QEMU. All are close-on-exec.
#pragma once

#include <array>
#include <cstdint>

#include "core/descriptor.h"
#include "core/status.h"

namespace drover {

// Sealed against shrinking, so it may be mapped by whoever holds it.
Result<Descriptor> createMemfd(const char* name, std::uint64_t sizeBytes) noexcept;

Result<std::array<Descriptor, 2>> createSocketPair() noexcept;

}  // namespace drover
