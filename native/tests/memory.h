// Memory for tests: a memfd with a stamp in each page.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <memory>

#include "core/host/create_fds.h"
#include "core/ram/file_source.h"
#include "tests/stamps.h"

namespace drover::test {

constexpr std::uint64_t kPage = 4096;

// Sealed against shrinking, as createMemfd makes them.
inline Descriptor memfdWith(const Stamps& stamps) {
  Descriptor memory = std::move(createMemfd("drover-test", stamps.size() * kPage).value);
  for (std::size_t i = 0; i < stamps.size(); ++i) {
    if (::pwrite(memory.get(), &stamps[i], 1, static_cast<off_t>(i * kPage)) != 1) return {};
  }
  return memory;
}

inline Descriptor unsealedMemfd(std::uint64_t size) {
  Descriptor memory = Descriptor::own(::memfd_create("drover-test", MFD_CLOEXEC));
  return ::ftruncate(memory.get(), static_cast<off_t>(size)) == 0 ? std::move(memory)
                                                                  : Descriptor{};
}

// Guest addresses from `address` on are the file's from its start.
inline std::shared_ptr<FileSource> fileSource(const Descriptor& file, std::uint64_t address,
                                              std::uint64_t size) {
  return FileSource::open(std::move(duplicateRegularFile(file.get()).value),
                          std::move(RegionTable::make({{address, size, 0}}).value))
      .value;
}

}  // namespace drover::test
