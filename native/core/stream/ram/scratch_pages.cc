#include "core/stream/ram/scratch_pages.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace drover {
namespace {

Status writeAll(int fd, std::span<const std::uint8_t> data, std::uint64_t offset) noexcept {
  while (!data.empty()) {
    const ssize_t count = ::pwrite(fd, data.data(), data.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return Status::system("pwrite", count < 0 ? errno : EIO);
    data = data.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
  return {};
}

}  // namespace

Status ScratchPages::open() noexcept {
  if (folder_.empty()) {
    file_ = Descriptor::own(::memfd_create("drover-pages", MFD_CLOEXEC));
    return file_.isOpen() ? Status{} : Status::system("memfd_create", errno);
  }
  file_ = Descriptor::own(::open(folder_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (file_.isOpen()) return {};
  // Not every file system has files without a name.
  std::string path = folder_ + "/drover-pages-XXXXXX";
  file_ = Descriptor::own(::mkostemp(path.data(), O_CLOEXEC));
  if (!file_.isOpen()) return Status::system("mkostemp", errno);
  ::unlink(path.c_str());
  return {};
}

Status ScratchPages::put(std::span<const std::uint8_t> page, std::uint64_t& offset) noexcept {
  if (!free_.empty()) {
    offset = free_.back();
    free_.pop_back();
    return overwrite(offset, page);
  }
  if (page.size() > limitBytes_ - end_) return Status::of(Fault::outOfMemory, "");
  if (!file_.isOpen()) {
    if (const Status opened = open(); !opened.ok()) return opened;
  }
  offset = end_;
  const Status written = writeAll(file_.get(), page, offset);
  if (written.ok()) end_ += page.size();
  return written;
}

Status ScratchPages::overwrite(std::uint64_t offset, std::span<const std::uint8_t> page) noexcept {
  return writeAll(file_.get(), page, offset);
}

Status ScratchPages::get(std::uint64_t offset, std::span<std::uint8_t> page) const noexcept {
  while (!page.empty()) {
    const ssize_t count =
        ::pread(file_.get(), page.data(), page.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return Status::system("pread", count < 0 ? errno : EIO);
    page = page.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
  return {};
}

Result<InputFile> ScratchPages::take() noexcept {
  free_.clear();
  return InputFile::open(std::move(file_));
}

}  // namespace drover
