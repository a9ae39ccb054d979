// Progress of long native work, read from another thread. Only a hint.
#pragma once

#include <atomic>
#include <cstdint>

namespace drover {

class Progress {
 public:
  // Before the work starts; the unit is the work's own (bytes of a file, pages of a range).
  void expect(std::uint64_t total) noexcept { total_.store(total, std::memory_order_relaxed); }
  void add(std::uint64_t units) noexcept { done_.fetch_add(units, std::memory_order_relaxed); }
  void set(std::uint64_t done) noexcept { done_.store(done, std::memory_order_relaxed); }

  [[nodiscard]] std::uint64_t done() const noexcept {
    return done_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t total() const noexcept {
    return total_.load(std::memory_order_relaxed);
  }

 private:
  std::atomic<std::uint64_t> done_{0};
  std::atomic<std::uint64_t> total_{0};
};

}  // namespace drover
