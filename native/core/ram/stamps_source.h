// Stamps that the caller read by other means, one byte per page: with these the slow twin uses the
// same verdict.
#pragma once

#include <cstring>

#include "core/ram/page_source.h"

namespace drover {

class StampsSource final : public PageSource {
 public:
  // SAFETY: `stamps` must outlive the source.
  StampsSource(std::span<const std::uint8_t> stamps, std::uint64_t start,
               std::uint64_t step) noexcept
      : stamps_(stamps), start_(start), step_(step) {}

  [[nodiscard]] const char* access() const noexcept override { return "caller"; }

  [[nodiscard]] Status gather(const Strided& pages, const Kernel& /*kernel*/,
                              std::uint8_t* out) const noexcept override {
    const std::uint64_t first = (pages.address - start_) / step_;
    if (pages.address < start_ || pages.step != step_ || first > stamps_.size() ||
        pages.count > stamps_.size() - first) {
      return Status::at(Fault::outOfRange, pages.address);
    }
    std::memcpy(out, stamps_.data() + first, pages.count);
    return {};
  }

  [[nodiscard]] Status read(std::uint64_t address,
                            std::span<std::uint8_t> /*out*/) const noexcept override {
    return Status::at(Fault::outOfRange, address);
  }

 private:
  std::span<const std::uint8_t> stamps_;
  std::uint64_t start_;
  std::uint64_t step_;
};

}  // namespace drover
