#include "core/process_source.h"

#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <new>

namespace drover {
namespace {

// The kernel's limit for one call (UIO_MAXIOV).
constexpr std::size_t kVectors = 1024;

iovec remoteVector(std::uint64_t address, std::size_t length) noexcept {
  // SAFETY: never dereferenced here; the kernel checks it in the other process.
  // NOLINTNEXTLINE(performance-no-int-to-ptr)
  return {reinterpret_cast<void*>(static_cast<std::uintptr_t>(address)), length};
}

}  // namespace

Result<std::shared_ptr<ProcessSource>> ProcessSource::open(pid_t pid,
                                                           RegionTable regions) noexcept {
  using Opened = Result<std::shared_ptr<ProcessSource>>;
  const std::uint64_t first = regions.firstAddress();
  std::shared_ptr<ProcessSource> source(new (std::nothrow) ProcessSource(pid, std::move(regions)));
  if (source == nullptr) return Opened::failed(Status::of(Fault::outOfMemory, "source"));
  std::uint8_t byte = 0;
  const Status readable = source->read(first, {&byte, 1});
  if (!readable.ok()) return Opened::failed(readable);
  return Opened::of(std::move(source));
}

Status ProcessSource::gather(const Strided& pages, const Kernel& /*kernel*/,
                             std::uint8_t* out) const noexcept {
  std::array<iovec, kVectors> remote;
  return regions_.forEachPiece(pages, [&](const Piece& piece) noexcept {
    std::size_t done = 0;
    while (done < piece.count) {
      const std::size_t batch = std::min(kVectors, piece.count - done);
      for (std::size_t i = 0; i < batch; ++i) {
        remote[i] = remoteVector(piece.target + (done + i) * pages.step, 1);
      }
      const iovec local{out + piece.firstIndex + done, batch};
      const ssize_t got = ::process_vm_readv(pid_, &local, 1, remote.data(), batch, 0);
      if (got <= 0) {
        // A partial answer ends before the page that cannot be read, so that page is the first of
        // this batch.
        return Status::systemAt("process_vm_readv", errno,
                                pages.address + (piece.firstIndex + done) * pages.step);
      }
      done += static_cast<std::size_t>(got);
    }
    return Status{};
  });
}

Status ProcessSource::read(std::uint64_t address, std::span<std::uint8_t> out) const noexcept {
  return regions_.forEachPiece({address, 1, out.size()}, [&](const Piece& piece) noexcept {
    std::size_t done = 0;
    while (done < piece.count) {
      const std::size_t left = piece.count - done;
      const iovec local{out.data() + piece.firstIndex + done, left};
      const iovec remote = remoteVector(piece.target + done, left);
      const ssize_t got = ::process_vm_readv(pid_, &local, 1, &remote, 1, 0);
      if (got <= 0) {
        return Status::systemAt("process_vm_readv", errno, address + piece.firstIndex + done);
      }
      done += static_cast<std::size_t>(got);
    }
    return Status{};
  });
}

}  // namespace drover
