// Guest memory in a shared backend that cannot shrink: stamps come from a mapping that is kept
// while the source lives.
//
// Single reads go through pread all the same. Touching a page that is absent from a shared backend
// creates it, and on the receiving side of a postcopy that would hide the page's real content from
// the guest. So only a scan, which demands a stopped and complete guest, touches the mapping.
#pragma once

#include <atomic>
#include <memory>

#include "core/ram/file_source.h"
#include "core/ram/mapping.h"
#include "core/ram/page_source.h"

namespace drover {

class MappedSource final : public PageSource {
 public:
  // SAFETY: the caller knows that the file will not shrink while the source lives.
  static Result<std::shared_ptr<MappedSource>> open(std::shared_ptr<FileSource> file) noexcept;

  [[nodiscard]] const char* access() const noexcept override { return "mapping"; }
  [[nodiscard]] Status gather(const Strided& pages, const Kernel& kernel,
                              std::uint8_t* out) const noexcept override;
  [[nodiscard]] Status read(std::uint64_t address,
                            std::span<std::uint8_t> out) const noexcept override {
    return file_->read(address, out);
  }

 private:
  MappedSource(std::shared_ptr<FileSource> file, Mapping mapping,
               std::unique_ptr<std::atomic<bool>[]> populated) noexcept
      : file_(std::move(file)), mapping_(std::move(mapping)), populated_(std::move(populated)) {}
  void populateOnce(std::uint64_t offset, std::uint64_t length) const noexcept;

  std::shared_ptr<FileSource> file_;
  Mapping mapping_;
  // One per 4 MiB of the file: whether page tables were filled in there before, in whole or in
  // part. A hint only.
  std::unique_ptr<std::atomic<bool>[]> populated_;
};

}  // namespace drover
