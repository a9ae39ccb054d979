// Guest memory in a file, read with pread: works for every file, and one that shrinks gives an
// error, not a signal.
#pragma once

#include <memory>
#include <span>

#include "core/descriptor.h"
#include "core/ram/page_source.h"

namespace drover {

// Refuses what is no regular file and no block device.
Status requireFile(int fd) noexcept;
// Opens for reading without waiting (a FIFO would); takes regular files and block devices only.
Result<Descriptor> openRegularFile(const char* path) noexcept;
// A second descriptor for the same open file, which must be one of these as well.
Result<Descriptor> duplicateRegularFile(int fd) noexcept;
Result<std::uint64_t> sizeOfFile(int fd) noexcept;
// Fills `out` from `offset` of the file on. A failure is at `address` and as many bytes further as
// were read before it.
Status readFully(int fd, std::span<std::uint8_t> out, std::uint64_t offset,
                 std::uint64_t address) noexcept;

class FileSource final : public PageSource {
 public:
  // Refuses a file that ends before the last region does.
  static Result<std::shared_ptr<FileSource>> open(Descriptor file, RegionTable regions) noexcept;

  [[nodiscard]] const char* access() const noexcept override { return "pread"; }
  [[nodiscard]] Status gather(const Strided& pages, const Kernel& kernel,
                              std::uint8_t* out) const noexcept override;
  [[nodiscard]] Status read(std::uint64_t address,
                            std::span<std::uint8_t> out) const noexcept override;

  [[nodiscard]] const RegionTable& regions() const noexcept { return regions_; }
  [[nodiscard]] int fd() const noexcept { return file_.get(); }

 private:
  FileSource(Descriptor file, RegionTable regions) noexcept
      : file_(std::move(file)), regions_(std::move(regions)) {}
  Descriptor file_;
  RegionTable regions_;
};

}  // namespace drover
