#include "core/host/reap.h"

#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "core/clock.h"
#include "core/descriptor.h"

namespace drover {
namespace {

// Time between two checks of the cancel flag.
constexpr std::uint64_t kLongestSleepNs = 50'000'000;
// Where the kernel has no descriptors for processes (before 5.3).
constexpr std::uint64_t kFirstSleepNs = 200'000;
constexpr std::uint64_t kLongestBlindSleepNs = 10'000'000;

// Waits for the end of a process, or for a limited time.
class Nap {
 public:
  explicit Nap(pid_t pid) noexcept
      : process_(Descriptor::own(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)))) {}

  void take(std::uint64_t leftNs) noexcept {
    if (!process_.isOpen()) {
      sleepNs(std::min(blindNs_, leftNs));
      blindNs_ = std::min(blindNs_ * 2, kLongestBlindSleepNs);
      return;
    }
    pollfd look{process_.get(), POLLIN, 0};
    const std::uint64_t ns = std::min(leftNs, kLongestSleepNs);
    ::poll(&look, 1, static_cast<int>((ns + 999'999) / 1'000'000));
  }

 private:
  Descriptor process_;
  std::uint64_t blindNs_ = kFirstSleepNs;
};

}  // namespace

Result<Reaped> reapChild(pid_t pid, std::uint64_t timeoutNs, const CancelFlag& cancel) noexcept {
  using State = Reaped::State;
  // 0 and negative ids would take any child of a group.
  if (pid <= 0) return Result<Reaped>::failed(Status::of(Fault::badArgument, "not a process id"));
  const std::uint64_t startNs = monotonicNs();
  Nap nap(pid);
  for (;;) {
    if (cancel.isSet()) return Result<Reaped>::failed(Status::of(Fault::cancelled, "waitpid"));
    int how = 0;
    const pid_t got = ::waitpid(pid, &how, WNOHANG);
    if (got == pid) {
      return Result<Reaped>::of(WIFSIGNALED(how) ? Reaped{State::signalled, WTERMSIG(how)}
                                                 : Reaped{State::exited, WEXITSTATUS(how)});
    }
    if (got < 0 && errno == ECHILD) return Result<Reaped>::of({State::notAChild, 0});
    if (got < 0 && errno != EINTR) {
      return Result<Reaped>::failed(Status::system("waitpid", errno));
    }
    const std::uint64_t elapsedNs = monotonicNs() - startNs;
    if (elapsedNs >= timeoutNs) return Result<Reaped>::of({State::running, 0});
    nap.take(timeoutNs - elapsedNs);
  }
}

}  // namespace drover
