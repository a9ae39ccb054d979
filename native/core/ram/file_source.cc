#include "core/ram/file_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace drover {

Status readFully(int fd, std::span<std::uint8_t> out, std::uint64_t offset,
                 std::uint64_t address) noexcept {
  std::size_t done = 0;
  while (done < out.size()) {
    const ssize_t got =
        ::pread(fd, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Status::systemAt("pread", errno, address + done);
    if (got == 0) return Status::at(Fault::tooSmall, address + done);
    done += static_cast<std::size_t>(got);
  }
  return {};
}

Status requireFile(int fd) noexcept {
  struct stat about {};
  if (::fstat(fd, &about) != 0) return Status::system("fstat", errno);
  if (S_ISREG(about.st_mode) || S_ISBLK(about.st_mode)) return {};
  return Status::of(Fault::badArgument, "not a regular file or block device");
}

Result<Descriptor> openRegularFile(const char* path) noexcept {
  Descriptor file = Descriptor::own(::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.isOpen()) return Result<Descriptor>::failed(Status::system("open", errno));
  const Status kind = requireFile(file.get());
  return kind.ok() ? Result<Descriptor>::of(std::move(file)) : Result<Descriptor>::failed(kind);
}

Result<Descriptor> duplicateRegularFile(int fd) noexcept {
  Descriptor file = Descriptor::own(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
  if (!file.isOpen()) return Result<Descriptor>::failed(Status::system("fcntl", errno));
  const Status kind = requireFile(file.get());
  return kind.ok() ? Result<Descriptor>::of(std::move(file)) : Result<Descriptor>::failed(kind);
}

Result<std::uint64_t> sizeOfFile(int fd) noexcept {
  struct stat about {};
  if (::fstat(fd, &about) != 0) {
    return Result<std::uint64_t>::failed(Status::system("fstat", errno));
  }
  off_t size = about.st_size;
  // A block device has its size at its end; no code uses the position of this descriptor.
  if (S_ISBLK(about.st_mode)) size = ::lseek(fd, 0, SEEK_END);
  if (size < 0) return Result<std::uint64_t>::failed(Status::system("lseek", errno));
  return Result<std::uint64_t>::of(static_cast<std::uint64_t>(size));
}

Result<std::shared_ptr<FileSource>> FileSource::open(Descriptor file,
                                                     RegionTable regions) noexcept {
  using Opened = Result<std::shared_ptr<FileSource>>;
  const Result<std::uint64_t> size = sizeOfFile(file.get());
  if (!size.ok()) return Opened::failed(size.status);
  if (size.value < regions.targetEnd()) {
    return Opened::failed(Status::of(Fault::tooSmall, "the file ends before the last region"));
  }
  return Opened::of(
      std::shared_ptr<FileSource>(new FileSource(std::move(file), std::move(regions))));
}

Status FileSource::gather(const Strided& pages, const Kernel& /*kernel*/,
                          std::uint8_t* out) const noexcept {
  return regions_.forEachPiece(pages, [&](const Piece& piece) noexcept {
    for (std::size_t i = 0; i < piece.count; ++i) {
      const std::size_t index = piece.firstIndex + i;
      const Status status = readFully(file_.get(), {out + index, 1}, piece.target + i * pages.step,
                                      pages.address + index * pages.step);
      if (!status.ok()) return status;
    }
    return Status{};
  });
}

Status FileSource::read(std::uint64_t address, std::span<std::uint8_t> out) const noexcept {
  return regions_.forEachPiece({address, 1, out.size()}, [&](const Piece& piece) noexcept {
    return readFully(file_.get(), out.subspan(piece.firstIndex, piece.count), piece.target,
                     address + piece.firstIndex);
  });
}

}  // namespace drover
