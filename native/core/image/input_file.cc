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
  InputFile file(openedAnew(std::move(given)), length.value);
  const Status mapped = file.map();
  return mapped.ok() ? Opened::of(std::move(file)) : Opened::failed(mapped);
}

Result<InputFile> InputFile::openPath(const char* path) noexcept {
  Result<Descriptor> file = openRegularFile(path);
  if (!file.ok()) return Result<InputFile>::failed(file.status);
  return open(std::move(file.value));
}

InputFile::~InputFile() {
  unmap();
}

Status InputFile::map() noexcept {
  if (size_ == 0) return {};
  void* base = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED | MAP_NORESERVE, fd_.get(), 0);
  if (base == MAP_FAILED) return Status::system("mmap", errno);
  base_ = static_cast<const std::uint8_t*>(base);
  populated_ = std::make_unique<std::atomic<bool>[]>(size_ / kGranule + 1);
  return {};
}

void InputFile::unmap() noexcept {
  if (base_ != nullptr) ::munmap(const_cast<std::uint8_t*>(base_), size_);
  base_ = nullptr;
}

void InputFile::follow(const std::atomic<bool>& written, const CancelFlag& cancel) noexcept {
  unmap();
  populated_.reset();
  size_ = 0;
  growing_ = std::make_unique<GrowingFile>(fd_.get(), written, cancel);
}

Status InputFile::settle() noexcept {
  if (growing_ == nullptr) return {};
  size_ = size();
  const Status mapped = map();
  if (mapped.ok()) growing_.reset();
  return mapped;
}

std::uint64_t InputFile::window(std::uint64_t offset, std::uint64_t least,
                                std::uint64_t most) const noexcept {
  if (growing_ != nullptr) {
    const std::uint64_t atHand = growing_->atHand(offset);
    if (atHand >= least) return std::min(atHand, most);
    most = std::min(most, GrowingFile::kWindow);
  }
  const std::uint64_t size = sizeUpTo(offset + most);
  return std::min(most, size - std::min(size, offset));
}

Status InputFile::read(std::uint64_t offset, std::span<std::uint8_t> out) const noexcept {
  if (out.empty()) return {};
  if (growing_ != nullptr && growing_->atHand(offset) < out.size()) return peek(offset, out);
  return visit(offset, out.size(),
               [out](const std::uint8_t* from) { std::memcpy(out.data(), from, out.size()); });
}

Status InputFile::peek(std::uint64_t offset, std::span<std::uint8_t> out) const noexcept {
  if (!holds(offset, out.size())) return Status::at(Fault::tooSmall, offset);
  return readFully(fd_.get(), out, offset, offset);
}

std::uint64_t InputFile::nextData(std::uint64_t offset) const noexcept {
  if (offset >= size()) return size_;
  const off_t found = ::lseek(fd_.get(), static_cast<off_t>(offset), SEEK_DATA);
  if (found >= 0) return std::min(static_cast<std::uint64_t>(found), size_);
  return errno == ENXIO ? size_ : offset;
}

std::uint64_t InputFile::nextHole(std::uint64_t offset) const noexcept {
  if (offset >= size()) return size_;
  const off_t found = ::lseek(fd_.get(), static_cast<off_t>(offset), SEEK_HOLE);
  return found >= 0 ? std::min(static_cast<std::uint64_t>(found), size_) : size_;
}

void InputFile::willReadSequentially() const noexcept {
  if (base_ != nullptr) {
    ::madvise(const_cast<std::uint8_t*>(base_), size_, MADV_SEQUENTIAL);
  }
}

void InputFile::populate(std::uint64_t offset, std::uint64_t length) const noexcept {
  if (populated_ == nullptr || offset >= size_) return;
  const std::uint64_t end = offset + std::min(length, size_ - offset);
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
