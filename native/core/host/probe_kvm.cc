#include <fcntl.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>

#include <cerrno>

#include "core/descriptor.h"
#include "core/host/probes.h"

namespace drover {
namespace {

// KVM_CAP_DIRTY_LOG_RING. QEMU asks for this one on x86.
constexpr int kDirtyRingCapability = 192;
// KVM_CAP_GUEST_MEMFD and KVM_CAP_GUEST_MEMFD_FLAGS (Linux 6.8 and 6.18), which older headers lack.
constexpr int kGuestMemfdCapability = 234;
constexpr int kGuestMemfdFlagsCapability = 244;
// GUEST_MEMFD_FLAG_MMAP and GUEST_MEMFD_FLAG_INIT_SHARED
constexpr int kSharedFlags = 3;

}  // namespace

KvmProbe probeKvm() noexcept {
  const Descriptor kvm = Descriptor::own(::open("/dev/kvm", O_RDWR | O_CLOEXEC));
  if (!kvm.isOpen()) return {Probe::no("/dev/kvm", errno)};
  const int version = ::ioctl(kvm.get(), KVM_GET_API_VERSION, 0);
  if (version < 0) return {Probe::no("KVM_GET_API_VERSION", errno)};
  if (version != KVM_API_VERSION) return {Probe::no("/dev/kvm speaks an unknown API version")};
  const Descriptor machine = Descriptor::own(::ioctl(kvm.get(), KVM_CREATE_VM, 0));
  if (!machine.isOpen()) return {Probe::no("KVM_CREATE_VM", errno)};
  const int ring = ::ioctl(kvm.get(), KVM_CHECK_EXTENSION, kDirtyRingCapability);
  const int memfd = ::ioctl(machine.get(), KVM_CHECK_EXTENSION, kGuestMemfdCapability);
  const int flags = ::ioctl(machine.get(), KVM_CHECK_EXTENSION, kGuestMemfdFlagsCapability);
  return {Probe::yes(), ring > 0 ? static_cast<std::uint64_t>(ring) : 0, memfd > 0,
          memfd > 0 && flags > 0 && (flags & kSharedFlags) == kSharedFlags};
}

}  // namespace drover
