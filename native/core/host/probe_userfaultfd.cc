#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "core/descriptor.h"
#include "core/host/probes.h"

#ifndef USERFAULTFD_IOC_NEW
#define USERFAULTFD_IOC_NEW _IO(0xAA, 0x00)
#endif

namespace drover {
namespace {

// A process that may open the device gets the full service; without it the system call asks for
// privilege.
UserfaultfdProbe open(Descriptor& out) noexcept {
  const Descriptor device = Descriptor::own(::open("/dev/userfaultfd", O_RDWR | O_CLOEXEC));
  if (device.isOpen()) {
    out = Descriptor::own(::ioctl(device.get(), USERFAULTFD_IOC_NEW, O_CLOEXEC));
    if (!out.isOpen()) return {Probe::no("/dev/userfaultfd gives no descriptor", errno)};
  } else {
    out = Descriptor::own(static_cast<int>(::syscall(SYS_userfaultfd, O_CLOEXEC)));
    if (!out.isOpen()) return {Probe::no("userfaultfd system call", errno)};
  }
  return {Probe::yes()};
}

}  // namespace

UserfaultfdProbe probeUserfaultfd() noexcept {
  Descriptor faults;
  UserfaultfdProbe probe = open(faults);
  if (!probe.available) return probe;

  uffdio_api api{};
  api.api = UFFD_API;
  if (::ioctl(faults.get(), UFFDIO_API, &api) != 0) return {Probe::no("UFFDIO_API", errno)};
  constexpr __u64 kNeeded = __u64{1} << _UFFDIO_REGISTER | __u64{1} << _UFFDIO_UNREGISTER;
  if ((api.ioctls & kNeeded) != kNeeded) {
    return {Probe::no("userfaultfd lacks register and unregister")};
  }
  probe.threadId = (api.features & UFFD_FEATURE_THREAD_ID) != 0;
  return probe;
}

}  // namespace drover
