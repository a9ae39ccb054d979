#include "core/image/bus_guard.h"

#include <unistd.h>

#include <atomic>
#include <csetjmp>
#include <csignal>

namespace drover {
namespace {

struct Frame {
  const std::uint8_t* base;
  std::uint64_t length;
  Frame* outer;
  sigjmp_buf jump;
};

thread_local Frame* innermost = nullptr;
thread_local bool unblocked = false;
struct sigaction before {};
std::uintptr_t pageMask = 4095;

Frame* frameAround(const std::uint8_t* address) noexcept {
  for (Frame* frame = innermost; frame != nullptr; frame = frame->outer) {
    // The whole first and last page, since a vector load may start before the byte that was asked
    // for; no more, since the next page may be another file's.
    const auto at = reinterpret_cast<std::uintptr_t>(address);
    const auto first = reinterpret_cast<std::uintptr_t>(frame->base) & ~pageMask;
    const auto last = reinterpret_cast<std::uintptr_t>(frame->base) + frame->length;
    if (at >= first && at <= ((last - 1) | pageMask)) return frame;
  }
  return nullptr;
}

void handOn(int signal, siginfo_t* info, void* context) noexcept {
  if ((before.sa_flags & SA_SIGINFO) != 0) {
    if (before.sa_sigaction != nullptr) return before.sa_sigaction(signal, info, context);
  } else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) {
    return before.sa_handler(signal);
  }
  // The instruction runs again, without a handler, and ends the process.
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  ::sigaction(signal, &standard, nullptr);
}

void onBusError(int signal, siginfo_t* info, void* context) {
  Frame* const frame = frameAround(static_cast<const std::uint8_t*>(info->si_addr));
  if (frame == nullptr) return handOn(signal, info, context);
  siglongjmp(frame->jump, 1);
}

bool install() noexcept {
  pageMask = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE)) - 1;
  struct sigaction ours {};
  ours.sa_sigaction = onBusError;
  // Left by a jump that restores no mask, so the signal must not be blocked meanwhile.
  ours.sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK;
  return ::sigaction(SIGBUS, &ours, &before) == 0;
}

// Our own threads start with every signal blocked; a fault that is blocked ends the process.
void prepareThread() noexcept {
  static const bool installed = install();
  static_cast<void>(installed);
  if (unblocked) return;
  sigset_t bus;
  sigemptyset(&bus);
  sigaddset(&bus, SIGBUS);
  ::pthread_sigmask(SIG_UNBLOCK, &bus, nullptr);
  unblocked = true;
}

}  // namespace

bool runGuarded(const std::uint8_t* base, std::uint64_t length, void (*body)(void*),
                void* context) noexcept {
  prepareThread();
  Frame frame{base, length, innermost, {}};
  // SAFETY: nothing local changes between here and the jump; `frame` was complete before.
  if (sigsetjmp(frame.jump, 0) != 0) {
    innermost = frame.outer;
    // The thread sanitizer blocks all signals in handlers, and the jump left that as it was.
    unblocked = false;
    return false;
  }
  innermost = &frame;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  body(context);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  innermost = frame.outer;
  return true;
}

}  // namespace drover
