// Probes what this host can do, by trying it.
#pragma once

#include <cstdint>
#include <string>

namespace drover {

struct Probe {
  bool available = false;
  std::string reason;  // empty when available

  static Probe yes() noexcept { return {true, {}}; }
  static Probe no(const char* what, int sysErrno) noexcept;
  static Probe no(const char* reason) noexcept { return {false, reason}; }
};

struct UserfaultfdProbe : Probe {
  bool threadId = false;  // a fault names the thread that it stopped
};

struct KvmProbe : Probe {
  std::uint64_t dirtyRingBytes = 0;  // the largest dirty ring; 0 for none
  bool guestMemfd = false;           // it makes guest_memfd files
  bool guestMemfdShared = false;     // and such as are shared with their maker from the beginning
};

// Can this process handle another's page faults, kernel faults included, as postcopy needs it.
UserfaultfdProbe probeUserfaultfd() noexcept;
// Can a machine be created.
KvmProbe probeKvm() noexcept;
// Can files in the directory be written past the page cache. Leaves no file behind.
Probe probeDirectIo(const char* directory) noexcept;

}  // namespace drover
