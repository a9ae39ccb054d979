// Files and images for tests, in memory.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "core/open_image.h"
#include "core/page_stamp.h"

namespace drover::test {

using Bytes = std::vector<std::uint8_t>;

inline Descriptor memoryFile(const Bytes& bytes) {
  Descriptor file = Descriptor::own(::memfd_create("drover-test", MFD_CLOEXEC));
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t put = ::write(file.get(), bytes.data() + done, bytes.size() - done);
    if (put <= 0) return {};
    done += static_cast<std::size_t>(put);
  }
  return file;
}

inline InputFile inputOf(const Bytes& bytes) {
  return std::move(InputFile::open(memoryFile(bytes)).value);
}

inline OpenedImage openBytes(const Bytes& bytes, const OpenOptions& options = {}) {
  std::vector<InputFile> inputs;
  inputs.push_back(inputOf(bytes));
  const CancelFlag never;
  return openImage(std::move(inputs), options, never);
}

inline OpenedImage openRawBytes(const Bytes& bytes) {
  OpenOptions options;
  options.format = Format::raw;
  return openBytes(bytes, options);
}

inline Bytes contentOf(const OpenedImage& opened, std::size_t length) {
  Bytes out(length);
  if (!opened.image.read(opened.image.blocks[0], 0, out).ok()) out.clear();
  return out;
}

// Numbers into a header, in either byte order.
inline void putNumber(Bytes& out, std::size_t at, std::uint64_t value, std::size_t width,
                      bool bigEndian = false) {
  if (out.size() < at + width) out.resize(at + width);
  for (std::size_t i = 0; i < width; ++i) {
    out[at + (bigEndian ? width - 1 - i : i)] = static_cast<std::uint8_t>(value >> (8 * i));
  }
}

inline void putBytes(Bytes& out, std::size_t at, const Bytes& bytes) {
  if (out.size() < at + bytes.size()) out.resize(at + bytes.size());
  std::copy(bytes.begin(), bytes.end(), out.begin() + static_cast<std::ptrdiff_t>(at));
}

// The words of a whole page, up to `end`, as a guest writes them; slow and plain.
inline void stampPage(std::uint8_t* page, std::uint64_t address, std::uint64_t generation,
                      std::size_t end, std::size_t begin = 0) {
  for (std::size_t k = begin; k < end; k += 8) {
    const std::uint64_t word = k == 0   ? generation
                               : k == 8 ? address
                                        : mixStamp(address, generation, k);
    std::memcpy(page + k, &word, 8);
  }
}

constexpr std::size_t kTestPage = 4096;

// `edge` pages of a generation, then pages of the one before; addresses from 0 on.
inline Bytes stampedMemory(std::size_t pages, std::size_t edge, std::uint64_t generation) {
  Bytes memory(pages * kTestPage);
  for (std::size_t i = 0; i < pages; ++i) {
    stampPage(&memory[i * kTestPage], i * kTestPage, i < edge ? generation : generation - 1,
              kTestPage);
  }
  return memory;
}

}  // namespace drover::test
