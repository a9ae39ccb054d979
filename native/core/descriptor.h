// Owns one file descriptor.
#pragma once

#include <unistd.h>

#include <utility>

namespace drover {

class Descriptor {
 public:
  Descriptor() = default;
  static Descriptor own(int fd) noexcept { return Descriptor(fd); }

  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }

  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] bool isOpen() const noexcept { return fd_ >= 0; }
  [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }

 private:
  explicit Descriptor(int fd) noexcept : fd_(fd) {}
  int fd_ = -1;
};

}  // namespace drover
