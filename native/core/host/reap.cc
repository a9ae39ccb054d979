#include "core/host/reap.h"

#include <sys/wait.h>

#include <algorithm>
#include <cerrno>

#include "core/clock.h"

namespace drover {
namespace {

constexpr std::uint64_t kFirstSleepNs = 200'000;
constexpr std::uint64_t kLongestSleepNs = 10'000'000;

}  // namespace

Result<Reaped> reapChild(pid_t pid, std::uint64_t timeoutNs, const CancelFlag& cancel) noexcept {
  using State = Reaped::State;
  // 0 and negative ids would take any child of a group.
  if (pid <= 0) return Result<Reaped>::failed(Status::of(Fault::badArgument, "not a process id"));
  const std::uint64_t startNs = monotonicNs();
  std::uint64_t sleepForNs = kFirstSleepNs;
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
    sleepNs(std::min(sleepForNs, timeoutNs - elapsedNs));
    sleepForNs = std::min(sleepForNs * 2, kLongestSleepNs);
  }
}

}  // namespace drover
