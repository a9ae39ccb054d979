#include "core/host/probes.h"

#include <cstring>

namespace drover {

Probe Probe::no(const char* what, int sysErrno) noexcept {
  return {false, std::string(what) + ": " + ::strerrordesc_np(sysErrno)};
}

}  // namespace drover
