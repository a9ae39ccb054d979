// Reaps a child from any thread: the last resort when the thread that started it has ended.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "core/cancel.h"
#include "core/status.h"

namespace drover {

struct Reaped {
  enum class State : std::uint8_t { running, exited, signalled, notAChild };
  State state = State::running;
  int value = 0;  // exit code or signal
};

// `running` when the time ran out. Looks at least once.
Result<Reaped> reapChild(pid_t pid, std::uint64_t timeoutNs, const CancelFlag& cancel) noexcept;

}  // namespace drover
