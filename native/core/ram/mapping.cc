#include "core/ram/mapping.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include "core/ram/file_source.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif

namespace drover {

bool cannotShrink(int fd) noexcept {
  const int seals = ::fcntl(fd, F_GET_SEALS);
  return seals >= 0 && (seals & F_SEAL_SHRINK) != 0;
}

Result<Mapping> Mapping::whole(int fd) noexcept {
  const Result<std::uint64_t> size = sizeOfFile(fd);
  if (!size.ok()) return Result<Mapping>::failed(size.status);
  if (size.value == 0) return Result<Mapping>::failed(Status::of(Fault::tooSmall, "an empty file"));
  void* base = ::mmap(nullptr, size.value, PROT_READ, MAP_SHARED | MAP_NORESERVE, fd, 0);
  if (base == MAP_FAILED) return Result<Mapping>::failed(Status::system("mmap", errno));
  return Result<Mapping>::of(Mapping(static_cast<std::uint8_t*>(base), size.value));
}

Mapping::~Mapping() {
  if (base_ != nullptr) ::munmap(base_, size_);
}

void Mapping::populate(std::uint64_t offset, std::uint64_t length) const noexcept {
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  const std::uint64_t first = offset & ~(page - 1);
  ::madvise(base_ + first, offset + length - first, MADV_POPULATE_READ);
}

}  // namespace drover
