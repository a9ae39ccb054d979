// What every fuzzer does with an image that was opened: asks for all its runs, reads one page of
// each, and stops the process where the promises of ram_image.h are broken.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "core/image/ram_image.h"

namespace drover::fuzz {

inline void require(bool promise) {
  if (!promise) std::abort();
}

// An input of its own for each run of a fuzzer.
inline InputFile inputOf(std::span<const std::uint8_t> bytes) {
  Descriptor file = Descriptor::own(::memfd_create("fuzz", MFD_CLOEXEC));
  require(file.isOpen() &&
          ::write(file.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  Result<InputFile> input = InputFile::open(std::move(file));
  require(input.ok());
  return std::move(input.value);
}

inline void walkImage(const RamImage& image) {
  constexpr int kMostRuns = 2000;
  std::vector<std::uint8_t> page;
  for (const RamBlock& block : image.blocks) {
    require(block.table != nullptr && block.pageBytes != 0 && block.length % block.pageBytes == 0);
    page.resize(block.pageBytes);
    const std::uint64_t pages = block.pages();
    int runs = 0;
    for (std::uint64_t at = 0; at < pages && runs < kMostRuns; ++runs) {
      const PageRun run = block.table->runAt(at);
      require(run.pages >= 1 && run.pages <= pages - at);
      if (run.kind == PageKind::stored) {
        require(run.input < image.inputs.size());
        require(run.pages == 1 || run.stride >= block.pageBytes);
        const std::uint64_t size = image.inputs[run.input].size();
        const std::uint64_t last = run.pages == 1 ? 0 : (run.pages - 1) * run.stride;
        require(run.offset <= size && last + block.pageBytes <= size - run.offset);
      }
      static_cast<void>(image.read(block, at * block.pageBytes, page));
      at += run.pages;
    }
  }
}

}  // namespace drover::fuzz
