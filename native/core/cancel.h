// The one way to stop native work early: a flag that long loops check once per chunk.
#pragma once

#include <atomic>

namespace drover {

class CancelFlag {
 public:
  void set() noexcept { flag_.store(true, std::memory_order_relaxed); }
  [[nodiscard]] bool isSet() const noexcept { return flag_.load(std::memory_order_relaxed); }

 private:
  std::atomic<bool> flag_{false};
};

}  // namespace drover
