// The least time that a scan of memory can take: the same reads with nothing around them, for
// scan.mjs to compare with. Of another process's memory each stamp is fetched by a vector of its
// own; copying whole stretches, as Drover does, is faster where pages are huge. Takes one command a
// line on standard input and answers with one line. Leaves out all checks of its input.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>

namespace {

constexpr std::uint64_t kPage = 4096;

double nowMs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

std::uint8_t* mapFile(const char* path, std::uint64_t bytes, int protection, int flags) {
  const int fd = open(path, (protection & PROT_WRITE) != 0 ? O_RDWR : O_RDONLY);
  void* base = mmap(nullptr, bytes, protection, MAP_SHARED | flags, fd, 0);
  close(fd);
  return base == MAP_FAILED ? nullptr : static_cast<std::uint8_t*>(base);
}

void stamp(std::uint8_t* base, std::uint64_t bytes, std::uint64_t edge, unsigned generation) {
  for (std::uint64_t page = 0; page < bytes / kPage; ++page) {
    base[page * kPage] = static_cast<std::uint8_t>(page < edge ? generation : generation - 1);
  }
}

// The floor loop. The sum is the answer that is checked.
std::uint64_t sumOfStamps(const volatile std::uint8_t* base, std::uint64_t bytes) {
  std::uint64_t sum = 0;
  for (std::uint64_t at = 0; at < bytes; at += kPage) sum += base[at];
  return sum;
}

std::uint64_t sumOfRemoteStamps(pid_t pid, std::uint64_t address, std::uint64_t bytes) {
  constexpr std::uint64_t kBatch = 1024;
  static iovec remote[kBatch];
  static std::uint8_t stamps[kBatch];
  std::uint64_t sum = 0;
  for (std::uint64_t at = 0; at < bytes; at += kBatch * kPage) {
    std::uint64_t count = 0;
    for (; count < kBatch && at + count * kPage < bytes; ++count) {
      // SAFETY: never dereferenced here; the kernel checks it in the other process.
      // NOLINTNEXTLINE(performance-no-int-to-ptr)
      remote[count] = {reinterpret_cast<void*>(address + at + count * kPage), 1};
    }
    const iovec local{stamps, count};
    if (process_vm_readv(pid, &local, 1, remote, count, 0) != static_cast<ssize_t>(count)) return 0;
    for (std::uint64_t i = 0; i < count; ++i) sum += stamps[i];
  }
  return sum;
}

void answer(double startMs, std::uint64_t sum) {
  std::printf("%.6f %" PRIu64 "\n", nowMs() - startMs, sum);
}

}  // namespace

int main() {
  char line[4096];
  char path[2048];
  std::uint64_t bytes = 0;
  std::uint64_t edge = 0;
  std::uint64_t address = 0;
  unsigned generation = 0;
  int pid = 0;
  int huge = 0;
  std::uint8_t* kept = nullptr;  // the mapping that stays populated between two `warm`
  while (std::fgets(line, sizeof line, stdin) != nullptr) {
    if (std::sscanf(line, "fill %2047s %" SCNu64 " %" SCNu64 " %u", path, &bytes, &edge,
                    &generation) == 4) {
      std::uint8_t* base = mapFile(path, bytes, PROT_READ | PROT_WRITE, 0);
      stamp(base, bytes, edge, generation);
      munmap(base, bytes);
      std::puts("ok");
    } else if (std::sscanf(line, "warm %2047s %" SCNu64, path, &bytes) == 2) {
      if (kept == nullptr) kept = mapFile(path, bytes, PROT_READ, MAP_POPULATE);
      const double startMs = nowMs();
      answer(startMs, sumOfStamps(kept, bytes));
    } else if (std::sscanf(line, "cold %2047s %" SCNu64, path, &bytes) == 2) {
      const double startMs = nowMs();
      const std::uint8_t* base = mapFile(path, bytes, PROT_READ, MAP_POPULATE);
      answer(startMs, sumOfStamps(base, bytes));
      munmap(const_cast<std::uint8_t*>(base), bytes);
    } else if (std::sscanf(line, "hold %" SCNu64 " %" SCNu64 " %u %d", &bytes, &edge, &generation,
                           &huge) == 4) {
      void* base = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      // Whatever the host's setting: small pages, as in the other cases, or huge ones, as QEMU asks
      // for.
      madvise(base, bytes, huge != 0 ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
      stamp(static_cast<std::uint8_t*>(base), bytes, edge, generation);
      std::printf("%" PRIuPTR "\n", reinterpret_cast<std::uintptr_t>(base));
    } else if (std::sscanf(line, "gather %d %" SCNu64 " %" SCNu64, &pid, &address, &bytes) == 3) {
      const double startMs = nowMs();
      answer(startMs, sumOfRemoteStamps(pid, address, bytes));
    } else {
      std::puts("what?");
    }
    std::fflush(stdout);
  }
  return 0;
}
