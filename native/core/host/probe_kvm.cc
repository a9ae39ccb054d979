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
  return {Probe::yes(), ring > 0 ? static_cast<std::uint64_t>(ring) : 0};
}

}  // namespace drover
