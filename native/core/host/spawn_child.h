// Starts a program without copying this process: fork copies the page tables of a program that may
// have hundreds of megabytes in use, and has every page of them faulted in again, while posix_spawn
// lends its memory to the child until that becomes the program.
#pragma once

#include <sys/types.h>

#include <span>
#include <string>
#include <vector>

#include "core/status.h"

namespace drover {

struct SpawnRequest {
  std::string program;                   // a path; PATH is not looked at
  std::vector<std::string> words;        // argv, the program's own name first
  std::vector<std::string> environment;  // NAME=VALUE
  std::string directory;
  std::vector<int> descriptors;  // the child's descriptor i is a copy of descriptors[i]
};

// The child leads a session and process group of its own, with all signals unblocked and as they
// are by default. It gets the descriptors named and whatever of ours is not close-on-exec.
Result<pid_t> spawnChild(const SpawnRequest& request) noexcept;

}  // namespace drover
