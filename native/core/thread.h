// A joined thread that reports failure to start, which std::thread can only do by throwing.
#pragma once

#include <pthread.h>

#include <csignal>
#include <utility>

namespace drover {

class Thread {
 public:
  using Body = void (*)(void*);

  Thread() = default;
  // `argument` must outlive the thread. All signals stay blocked in it: they belong to the host
  // program's threads.
  static Thread start(Body body, void* argument) noexcept;

  Thread(Thread&& other) noexcept
      : handle_(other.handle_), running_(std::exchange(other.running_, false)) {}
  Thread& operator=(Thread&& other) noexcept {
    std::swap(handle_, other.handle_);
    std::swap(running_, other.running_);
    return *this;
  }
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;
  ~Thread() { join(); }

  [[nodiscard]] bool started() const noexcept { return running_; }
  void join() noexcept {
    if (std::exchange(running_, false)) ::pthread_join(handle_, nullptr);
  }

 private:
  pthread_t handle_{};
  bool running_ = false;
};

}  // namespace drover
