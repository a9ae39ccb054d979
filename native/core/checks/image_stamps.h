// The first bytes of a slice's pages as a PageSource: "addresses" are the numbers of a
// StampSequence, so the scan and the verdict of live memory serve images too.
#pragma once

#include "core/checks/stamp_sequence.h"
#include "core/progress.h"
#include "core/ram/page_source.h"

namespace drover {

class ImageStamps final : public PageSource {
 public:
  // SAFETY: all three outlive it.
  ImageStamps(const RamImage& image, const StampSequence& stamps, Progress& progress) noexcept
      : image_(image), stamps_(stamps), progress_(progress) {}

  [[nodiscard]] const char* access() const noexcept override { return "mapping"; }
  // Step 1 only.
  [[nodiscard]] Status gather(const Strided& wanted, const Kernel& kernel,
                              std::uint8_t* out) const noexcept override;
  [[nodiscard]] Status read(std::uint64_t address,
                            std::span<std::uint8_t> out) const noexcept override;

 private:
  [[nodiscard]] Status gatherPart(const StampExtent& part, const Kernel& kernel,
                                  std::uint8_t* out) const noexcept;

  const RamImage& image_;
  const StampSequence& stamps_;
  Progress& progress_;
};

}  // namespace drover
