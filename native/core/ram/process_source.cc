#include "core/ram/process_source.h"

#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace drover {
namespace {

// The kernel's limit for one call (UIO_MAXIOV).
constexpr std::size_t kVectors = 1024;

// Up to this step, it copies whole ranges and picks the stamps out of them. In huge pages,
// which QEMU asks for, that takes half the time of a vector for each stamp (4 to 9 ms per 100 MiB),
// since the kernel looks up a range at once; in small ones a tenth more.
constexpr std::uint64_t kDenseStep = 4096;
// Stays in a processor's own cache.
constexpr std::size_t kStretchPages = 64;

iovec remoteVector(std::uint64_t address, std::size_t length) noexcept {
  // SAFETY: never dereferenced here; the kernel checks it in the other process.
  // NOLINTNEXTLINE(performance-no-int-to-ptr)
  return {reinterpret_cast<void*>(static_cast<std::uintptr_t>(address)), length};
}

// Both copy some of the stamps, from the first one on, and say how many: 0 when the first cannot be
// read.

std::size_t takeStretch(pid_t pid, const Strided& stamps, std::uint8_t* out) noexcept {
  std::array<std::uint8_t, kStretchPages * kDenseStep> stretch;
  const std::size_t most = std::min<std::size_t>(stamps.count, stretch.size() / stamps.step);
  // Nothing behind the last stamp: it may be the last byte there is.
  const iovec local{stretch.data(), (most - 1) * stamps.step + 1};
  const iovec remote = remoteVector(stamps.address, local.iov_len);
  const ssize_t got = ::process_vm_readv(pid, &local, 1, &remote, 1, 0);
  if (got <= 0) return 0;
  const std::size_t taken = (static_cast<std::size_t>(got) - 1) / stamps.step + 1;
  for (std::size_t i = 0; i < taken; ++i) out[i] = stretch[i * stamps.step];
  return taken;
}

std::size_t takeSingly(pid_t pid, const Strided& stamps, std::uint8_t* out) noexcept {
  std::array<iovec, kVectors> remote;
  const std::size_t most = std::min(kVectors, stamps.count);
  for (std::size_t i = 0; i < most; ++i) {
    remote[i] = remoteVector(stamps.address + i * stamps.step, 1);
  }
  const iovec local{out, most};
  const ssize_t got = ::process_vm_readv(pid, &local, 1, remote.data(), most, 0);
  return got <= 0 ? 0 : static_cast<std::size_t>(got);
}

}  // namespace

Result<std::shared_ptr<ProcessSource>> ProcessSource::open(pid_t pid,
                                                           RegionTable regions) noexcept {
  using Opened = Result<std::shared_ptr<ProcessSource>>;
  const std::uint64_t first = regions.firstAddress();
  std::shared_ptr<ProcessSource> source(new ProcessSource(pid, std::move(regions)));
  std::uint8_t byte = 0;
  const Status readable = source->read(first, {&byte, 1});
  if (!readable.ok()) return Opened::failed(readable);
  return Opened::of(std::move(source));
}

Status ProcessSource::gather(const Strided& pages, const Kernel& /*kernel*/,
                             std::uint8_t* out) const noexcept {
  const auto take = pages.step <= kDenseStep ? takeStretch : takeSingly;
  return regions_.forEachPiece(pages, [&](const Piece& piece) noexcept {
    std::size_t done = 0;
    while (done < piece.count) {
      const Strided left{piece.target + done * pages.step, pages.step, piece.count - done};
      const std::size_t taken = take(pid_, left, out + piece.firstIndex + done);
      if (taken == 0) {
        // A partial answer ends before the page that cannot be read, so that page is the first of
        // what is left.
        return Status::systemAt("process_vm_readv", errno,
                                pages.address + (piece.firstIndex + done) * pages.step);
      }
      done += taken;
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
