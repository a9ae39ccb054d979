#include "core/image/growing_file.h"

#include <algorithm>
#include <ctime>

#include "core/ram/file_source.h"

namespace drover {
namespace {

// In this time the fastest decompressor writes about a window.
constexpr timespec kPause{0, 1'000'000};

}  // namespace

std::uint64_t GrowingFile::await(std::uint64_t end) noexcept {
  while (length_ < end && !complete_) {
    // Before the length: what is read after it is final.
    const bool last = written_.load(std::memory_order_acquire) || cancel_.isSet();
    const Result<std::uint64_t> length = sizeOfFile(fd_);
    if (length.ok()) length_ = std::max(length_, length.value);
    complete_ = last || !length.ok();
    if (length_ < end && !complete_) ::nanosleep(&kPause, nullptr);
  }
  return length_;
}

const std::uint8_t* GrowingFile::bytes(std::uint64_t offset, std::uint64_t length) noexcept {
  if (atHand(offset) < length || window_.empty()) {
    const std::uint64_t wanted = std::max<std::uint64_t>(length, 1);
    if (window_.size() < wanted) window_.resize(std::max(wanted, kWindow));
    start_ = offset;
    held_ = readFully(fd_, {window_.data(), length}, offset, offset).ok() ? length : 0;
    if (held_ < length) return nullptr;
  }
  return window_.data() + (offset - start_);
}

}  // namespace drover
