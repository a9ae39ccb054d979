// Anonymous guest memory of another process, fetched with process_vm_readv. It reads what the
// process itself would read, so it requests a page that userfaultfd still waits for, and
// waits for it.
#pragma once

#include <sys/types.h>

#include <memory>
#include <utility>

#include "core/ram/page_source.h"

namespace drover {

class ProcessSource final : public PageSource {
 public:
  // Reads one byte at once, so that a process that is gone or may not be read is known here.
  static Result<std::shared_ptr<ProcessSource>> open(pid_t pid, RegionTable regions) noexcept;

  [[nodiscard]] const char* access() const noexcept override { return "process_vm_readv"; }
  [[nodiscard]] Status gather(const Strided& pages, const Kernel& kernel,
                              std::uint8_t* out) const noexcept override;
  [[nodiscard]] Status read(std::uint64_t address,
                            std::span<std::uint8_t> out) const noexcept override;

 private:
  ProcessSource(pid_t pid, RegionTable regions) noexcept
      : pid_(pid), regions_(std::move(regions)) {}
  pid_t pid_;
  RegionTable regions_;
};

}  // namespace drover
