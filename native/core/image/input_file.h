// A file of guest memory or of a migration, mapped for reading. Others own the file and may
// truncate it at any moment: all access goes through functions that survive that and report
// Fault::tooSmall. They never read missing pages as zero.
//
// A file that is still being written can be read behind its writer: see follow().
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include "core/descriptor.h"
#include "core/image/bus_guard.h"
#include "core/image/growing_file.h"
#include "core/status.h"

namespace drover {

class InputFile {
 public:
  InputFile() = default;
  // Takes the descriptor over. A regular file, a memfd or a block device; anything else (a pipe, a
  // terminal) is refused with Fault::badArgument. An empty file is fine and has size 0. The
  // descriptor is opened again where possible, so that the caller's file position stays where it
  // is.
  static Result<InputFile> open(Descriptor fd) noexcept;
  static Result<InputFile> openPath(const char* path) noexcept;

  InputFile(InputFile&& other) noexcept
      : fd_(std::move(other.fd_)),
        base_(std::exchange(other.base_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        populated_(std::move(other.populated_)),
        growing_(std::move(other.growing_)) {}
  InputFile& operator=(InputFile&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(base_, other.base_);
    std::swap(size_, other.size_);
    std::swap(populated_, other.populated_);
    std::swap(growing_, other.growing_);
    return *this;
  }
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;
  ~InputFile();

  // From now on another process writes the file, from its start to its end, until it is written or
  // the work is cancelled. Until settle() only one thread may read; a read waits for the bytes that
  // it needs, and size() for the end. SAFETY: both flags outlive that time.
  void follow(const std::atomic<bool>& written, const CancelFlag& cancel) noexcept;
  // Whether it was not settled yet.
  [[nodiscard]] bool isGrowing() const noexcept { return growing_ != nullptr; }
  // Waits for the end, and maps the file.
  [[nodiscard]] Status settle() noexcept;

  // As it was when opened.
  [[nodiscard]] std::uint64_t size() const noexcept { return sizeUpTo(~std::uint64_t{0}); }
  // The same; of a growing file at least `end`, where it becomes that long.
  [[nodiscard]] std::uint64_t sizeUpTo(std::uint64_t end) const noexcept {
    if (growing_ != nullptr && end > size_) size_ = growing_->await(end);
    return size_;
  }
  [[nodiscard]] bool holds(std::uint64_t offset, std::uint64_t length) const noexcept {
    std::uint64_t end = 0;
    return !__builtin_add_overflow(offset, length, &end) && end <= sizeUpTo(end);
  }

  // How many bytes from `offset` on are best visited at once: at most `most`, and fewer than
  // `least` only at the end of the file.
  [[nodiscard]] std::uint64_t window(std::uint64_t offset, std::uint64_t least,
                                     std::uint64_t most) const noexcept;

  // Copies out [offset, offset + out.size()). Fault::tooSmall, with `address` the offset, when the
  // file does not hold it (any more). Cheap enough for a record header: no system call.
  [[nodiscard]] Status read(std::uint64_t offset, std::span<std::uint8_t> out) const noexcept;

  // The same by a system call, which does not allocate absent pages of shared memory: a guest may
  // be behind it.
  [[nodiscard]] Status peek(std::uint64_t offset, std::span<std::uint8_t> out) const noexcept;

  // Calls body(pointer to [offset, offset + length)) under the guard.
  // SAFETY: the body must be a leaf, see bus_guard.h.
  template <class Body>
  [[nodiscard]] Status visit(std::uint64_t offset, std::uint64_t length,
                             Body&& body) const noexcept {
    if (!holds(offset, length)) return Status::at(Fault::tooSmall, offset);
    if (growing_ != nullptr) {
      const std::uint8_t* const bytes = growing_->bytes(offset, length);
      if (bytes == nullptr) return Status::at(Fault::tooSmall, offset);
      body(bytes);
      return {};
    }
    struct Call {
      std::remove_reference_t<Body>* body;
      const std::uint8_t* at;
    } call{std::addressof(body), base_ + offset};
    const bool whole = runGuarded(
        call.at, length,
        [](void* raw) {
          Call* const wanted = static_cast<Call*>(raw);
          (*wanted->body)(wanted->at);
        },
        &call);
    return whole ? Status{} : Status::at(Fault::tooSmall, offset);
  }

  // Start of the next data at or after `offset`, and of the next hole. On file systems that know no
  // holes everything is data. At or beyond the end both give size().
  [[nodiscard]] std::uint64_t nextData(std::uint64_t offset) const noexcept;
  [[nodiscard]] std::uint64_t nextHole(std::uint64_t offset) const noexcept;

  // Hints; failures do not matter.
  void willReadSequentially() const noexcept;
  // Fills page tables (and reads from disk) in one go, which costs less than a fault for each page;
  // a second time it costs nothing. What is beyond the end is left out.
  void populate(std::uint64_t offset, std::uint64_t length) const noexcept;

 private:
  InputFile(Descriptor fd, std::uint64_t size) noexcept : fd_(std::move(fd)), size_(size) {}
  [[nodiscard]] Status map() noexcept;
  void unmap() noexcept;
  void populateGranule(std::uint64_t first, std::uint64_t length) const noexcept;
  Descriptor fd_;
  const std::uint8_t* base_ = nullptr;
  mutable std::uint64_t size_ = 0;  // so far, while it grows
  // One per granule: whether its page tables were filled in before. A hint; null when there is no
  // room.
  std::unique_ptr<std::atomic<bool>[]> populated_;
  std::unique_ptr<GrowingFile> growing_;
};

}  // namespace drover
