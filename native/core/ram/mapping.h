// A read-only shared mapping of a whole file, and whether mapping a file is safe at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "core/status.h"

namespace drover {

// True only for shared memory that is sealed against shrinking. Any process that may write to
// another file can cut it short, and reading a page that is gone kills this process.
bool cannotShrink(int fd) noexcept;

class Mapping {
 public:
  Mapping() = default;
  // SAFETY: the caller knows that the file will not shrink below its size now.
  static Result<Mapping> whole(int fd) noexcept;

  Mapping(Mapping&& other) noexcept
      : base_(std::exchange(other.base_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Mapping& operator=(Mapping&& other) noexcept {
    std::swap(base_, other.base_);
    std::swap(size_, other.size_);
    return *this;
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping();

  [[nodiscard]] const std::uint8_t* at(std::uint64_t offset) const noexcept {
    return base_ + offset;
  }
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }

  // Fills in page-table entries for [offset, offset + length) in one go, which costs three quarters
  // of taking a fault for each. Only a hint: failure is not reported, since reading works without.
  void populate(std::uint64_t offset, std::uint64_t length) const noexcept;

 private:
  Mapping(std::uint8_t* base, std::uint64_t size) noexcept : base_(base), size_(size) {}
  std::uint8_t* base_ = nullptr;
  std::uint64_t size_ = 0;
};

}  // namespace drover
