// Creates anonymous shared memory and connected sockets, to pass to a QEMU. All are close-on-exec.
#pragma once

#include <array>
#include <cstdint>

#include "core/descriptor.h"
#include "core/status.h"

namespace drover {

// Sealed against shrinking, so every process that has it may map it.
Result<Descriptor> createMemfd(const char* name, std::uint64_t sizeBytes) noexcept;

Result<std::array<Descriptor, 2>> createSocketPair() noexcept;

}  // namespace drover
