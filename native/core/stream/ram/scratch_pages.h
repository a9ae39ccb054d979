// Decoded pages, in a file without a name: slots of one page each, reused when their content is
// superseded. At the end the file becomes one more input of the image.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/descriptor.h"
#include "core/image/input_file.h"
#include "core/status.h"

namespace drover {

class ScratchPages {
 public:
  // Nothing is created before the first page. An empty folder means memory.
  ScratchPages(std::string folder, std::uint64_t limitBytes) noexcept
      : folder_(std::move(folder)), limitBytes_(limitBytes) {}

  void setLimit(std::uint64_t bytes) noexcept { limitBytes_ = bytes; }
  void setPageBytes(std::uint32_t pageBytes) noexcept { pageBytes_ = pageBytes; }

  // Fault::outOfMemory with no call name when the limit is reached. `offset` is the slot's.
  Status put(std::span<const std::uint8_t> page, std::uint64_t& offset) noexcept;
  Status overwrite(std::uint64_t offset, std::span<const std::uint8_t> page) noexcept;
  [[nodiscard]] Status get(std::uint64_t offset, std::span<std::uint8_t> page) const noexcept;
  void release(std::uint64_t offset) { free_.push_back(offset); }

  [[nodiscard]] bool isInMemory() const noexcept { return folder_.empty(); }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return end_; }
  [[nodiscard]] std::uint64_t limitBytes() const noexcept { return limitBytes_; }

  // The file, for reading. Call once, at the end, when bytes() is not 0.
  Result<InputFile> take() noexcept;

 private:
  Status open() noexcept;

  std::string folder_;
  std::uint64_t limitBytes_;
  std::uint32_t pageBytes_ = 4096;
  Descriptor file_;
  std::uint64_t end_ = 0;
  std::vector<std::uint64_t> free_;
};

}  // namespace drover
