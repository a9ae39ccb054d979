// Sends file descriptors over a UNIX socket, which Node cannot do.
#pragma once

#include <cstdint>
#include <span>

#include "core/cancel.h"
#include "core/status.h"

namespace drover {

// The kernel's limit for one message (SCM_MAX_FD).
constexpr std::size_t kMostSentFds = 253;

// `data` is not empty; the descriptors travel with its first byte. The socket may be blocking or
// not; either way the call ends at the deadline. Data may then have been sent in part.
Status sendFds(int socket, std::span<const std::uint8_t> data, std::span<const int> fds,
               std::uint64_t timeoutNs, const CancelFlag& cancel) noexcept;

}  // namespace drover
