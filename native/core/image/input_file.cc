#include "core/image/input_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "core/ram/file_source.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif

namespace drover {
namespace {

// As fast per page as larger ones, and little is left to single faults where a scan covers it in
// part.
constexpr std::uint64_t kGranule = std::uint64_t{4} << 20;

// Another opening of the same file, so that the search for holes does not move the position of
// other descriptors. Not possible where the file may be written but not read by its path; then the
// given one serves.
Descriptor openedAnew(Descriptor fd) noexcept {
  std::array<char, 40> path;
  std::snprintf(path.data(), path.size(), "/proc/self/fd/%d", fd.get());
  Descriptor own = Descriptor::own(::open(path.data(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  return own.isOpen() ? std::move(own) : std::move(fd);
}

}  // namespace

Result<InputFile> InputFile::open(Descriptor given) noexcept {
  using Opened = Result<InputFile>;
  const Status kind = requireFile(given.get());
  if (!kind.ok()) return Opened::failed(kind);
  const Result<std::uint64_t> length = sizeOfFile(given.get());
  if (!length.ok()) return Opened::failed(length.status);
  Descriptor fd = openedAnew(std::move(given));
  const std::uint64_t size = length.value;
  if (size == 0) return Opened::of(InputFile(std::move(fd), nullptr, 0));
  void* base = ::mmap(nullptr, size, PROT_READ, MAP_SHARED | MAP_NORESERVE, fd.get(), 0);
  if (base == MAP_FAILED) return Opened::failed(Status::system("mmap", errno));
  InputFile file(std::move(fd), static_cast<const std::uint8_t*>(base), size);
  file.populated_ = std::make_unique<std::atomic<bool>[]>(size / kGranule + 1);
  return Opened::of(std::move(file));
}

Result<InputFile> InputFile::openPath(const char* path) noexcept {
  Result<Descriptor> file = openRegularFile(path);
  if (!file.ok()) return Result<InputFile>::failed(file.status);
  return open(std::move(file.value));
}

InputFile::~InputFile() {
  if (base_ != nullptr) ::munmap(const_cast<std::uint8_t*>(base_), size_);
}

Status InputFile::read(std::uint64_t offset, std::span<std::uint8_t> out) const noexcept {
  if (out.empty()) return {};
  return visit(offset, out.size(),
               [out](const std::uint8_t* from) { std::memcpy(out.data(), from, out.size()); });
}

Status InputFile::peek(std::uint64_t offset, std::span<std::uint8_t> out) const noexcept {
  if (!holds(offset, out.size())) return Status::at(Fault::tooSmall, offset);
  while (!out.empty()) {
    const ssize_t got = ::pread(fd_.get(), out.data(), out.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Status::systemAt("pread", errno, offset);
    if (got == 0) return Status::at(Fault::tooSmall, offset);
    out = out.subspan(static_cast<std::size_t>(got));
    offset += static_cast<std::uint64_t>(got);
  }
  return {};
}

std::uint64_t InputFile::nextData(std::uint64_t offset) const noexcept {
  if (offset >= size_) return size_;
  const off_t found = ::lseek(fd_.get(), static_cast<off_t>(offset), SEEK_DATA);
  if (found >= 0) return std::min(static_cast<std::uint64_t>(found), size_);
  return errno == ENXIO ? size_ : offset;
}

std::uint64_t InputFile::nextHole(std::uint64_t offset) const noexcept {
  if (offset >= size_) return size_;
  const off_t found = ::lseek(fd_.get(), static_cast<off_t>(offset), SEEK_HOLE);
  return found >= 0 ? std::min(static_cast<std::uint64_t>(found), size_) : size_;
}

void InputFile::willReadSequentially() const noexcept {
  if (base_ != nullptr) {
    ::madvise(const_cast<std::uint8_t*>(base_), size_, MADV_SEQUENTIAL);
  }
}

void InputFile::populate(std::uint64_t offset, std::uint64_t length) const noexcept {
  if (!holds(offset, length) || length == 0 || populated_ == nullptr) return;
  const std::uint64_t end = offset + length;
  // Of a granule that is asked for in part the part is filled in, but the rest is left to single
  // faults.
  for (std::uint64_t at = offset; at < end;) {
    const std::uint64_t stop = std::min(end, (at / kGranule + 1) * kGranule);
    if (!populated_[at / kGranule].exchange(true, std::memory_order_relaxed)) {
      populateGranule(at, stop - at);
    }
    at = stop;
  }
}

void InputFile::populateGranule(std::uint64_t offset, std::uint64_t length) const noexcept {
  static const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  const std::uint64_t first = offset & ~(page - 1);
  ::madvise(const_cast<std::uint8_t*>(base_) + first, offset + length - first, MADV_POPULATE_READ);
}

}  // namespace drover
