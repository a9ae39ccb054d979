// A file that another process still writes, from its start to its end: how much of it is there, and
// a window of it. Read with pread: the length of a mapping would have to be known first. For one
// thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "core/cancel.h"

namespace drover {

class GrowingFile {
 public:
  // As many bytes stay in the cache of a core.
  static constexpr std::uint64_t kWindow = std::uint64_t{512} << 10U;

  // `written` is set when the writer is done. SAFETY: both outlive it, and the descriptor as well.
  GrowingFile(int fd, const std::atomic<bool>& written, const CancelFlag& cancel) noexcept
      : fd_(fd), written_(written), cancel_(cancel) {}

  // Waits until the file holds `end` bytes, its writer is done or the work is cancelled. The length
  // so far; after the last two it stays as it is.
  std::uint64_t await(std::uint64_t end) noexcept;

  // [offset, offset + length), which the file holds, until the next call; null where they cannot be
  // read.
  const std::uint8_t* bytes(std::uint64_t offset, std::uint64_t length) noexcept;
  // How many bytes from `offset` on need no further read.
  [[nodiscard]] std::uint64_t atHand(std::uint64_t offset) const noexcept {
    return offset < start_ || offset > start_ + held_ ? 0 : start_ + held_ - offset;
  }

 private:
  int fd_;
  const std::atomic<bool>& written_;
  const CancelFlag& cancel_;
  std::uint64_t length_ = 0;
  bool complete_ = false;
  // The file's bytes [start_, start_ + held_).
  std::vector<std::uint8_t> window_;
  std::uint64_t start_ = 0;
  std::uint64_t held_ = 0;
};

}  // namespace drover
