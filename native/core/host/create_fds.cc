#include "core/host/create_fds.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <cerrno>

namespace drover {

Result<Descriptor> createMemfd(const char* name, std::uint64_t sizeBytes) noexcept {
  using Created = Result<Descriptor>;
  Descriptor memory = Descriptor::own(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!memory.isOpen()) return Created::failed(Status::system("memfd_create", errno));
  if (::ftruncate(memory.get(), static_cast<off_t>(sizeBytes)) != 0) {
    return Created::failed(Status::system("ftruncate", errno));
  }
  if (::fcntl(memory.get(), F_ADD_SEALS, F_SEAL_SHRINK) != 0) {
    return Created::failed(Status::system("fcntl", errno));
  }
  return Created::of(std::move(memory));
}

Result<std::array<Descriptor, 2>> createSocketPair() noexcept {
  using Created = Result<std::array<Descriptor, 2>>;
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return Created::failed(Status::system("socketpair", errno));
  }
  return Created::of({Descriptor::own(ends[0]), Descriptor::own(ends[1])});
}

}  // namespace drover
