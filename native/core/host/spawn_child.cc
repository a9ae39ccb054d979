#include "core/host/spawn_child.h"

#include <spawn.h>

#include <algorithm>
#include <csignal>

namespace drover {
namespace {

class Actions {
 public:
  Actions() noexcept { ::posix_spawn_file_actions_init(&actions_); }
  Actions(const Actions&) = delete;
  Actions& operator=(const Actions&) = delete;
  ~Actions() { ::posix_spawn_file_actions_destroy(&actions_); }

  [[nodiscard]] const posix_spawn_file_actions_t* get() const noexcept { return &actions_; }

  // In two steps, by way of numbers that are neither a source nor a target: else a copy could
  // overwrite the source of a later one. An errno, or 0.
  int copyAll(std::span<const int> descriptors) noexcept {
    int above = static_cast<int>(descriptors.size());
    for (const int fd : descriptors) above = std::max(above, fd + 1);
    int problem = 0;
    const auto each = [&](auto action) noexcept {
      for (int i = 0; i < static_cast<int>(descriptors.size()) && problem == 0; ++i) {
        problem = action(i);
      }
    };
    each([&](int i) {
      return ::posix_spawn_file_actions_adddup2(&actions_, descriptors[static_cast<std::size_t>(i)],
                                                above + i);
    });
    each([&](int i) { return ::posix_spawn_file_actions_adddup2(&actions_, above + i, i); });
    each([&](int i) { return ::posix_spawn_file_actions_addclose(&actions_, above + i); });
    return problem;
  }

  int enter(const char* directory) noexcept {
    return ::posix_spawn_file_actions_addchdir_np(&actions_, directory);
  }

 private:
  posix_spawn_file_actions_t actions_{};
};

class Attributes {
 public:
  Attributes() noexcept { ::posix_spawnattr_init(&attributes_); }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
  ~Attributes() { ::posix_spawnattr_destroy(&attributes_); }

  [[nodiscard]] const posix_spawnattr_t* get() const noexcept { return &attributes_; }

  int startAnew() noexcept {
    sigset_t none;
    sigset_t all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    constexpr auto kFlags = POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    const int problem = ::posix_spawnattr_setflags(&attributes_, static_cast<short>(kFlags));
    if (problem != 0) return problem;
    if (const int failed = ::posix_spawnattr_setsigmask(&attributes_, &none); failed != 0) {
      return failed;
    }
    return ::posix_spawnattr_setsigdefault(&attributes_, &all);
  }

 private:
  posix_spawnattr_t attributes_{};
};

std::vector<char*> pointersTo(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  // SAFETY: posix_spawn takes them as not const for history's sake, and writes to none.
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

Result<pid_t> spawnChild(const SpawnRequest& request) noexcept {
  Actions actions;
  Attributes attributes;
  int problem = actions.copyAll(request.descriptors);
  if (problem == 0) problem = actions.enter(request.directory.c_str());
  if (problem == 0) problem = attributes.startAnew();
  if (problem != 0) return Result<pid_t>::failed(Status::system("posix_spawn", problem));
  const std::vector<char*> words = pointersTo(request.words);
  const std::vector<char*> environment = pointersTo(request.environment);
  pid_t pid = -1;
  problem = ::posix_spawn(&pid, request.program.c_str(), actions.get(), attributes.get(),
                          words.data(), environment.data());
  if (problem != 0) return Result<pid_t>::failed(Status::system("posix_spawn", problem));
  return Result<pid_t>::of(pid);
}

}  // namespace drover
