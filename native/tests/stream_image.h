// Streams in memory, parsed; and their pages.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <vector>

#include "core/stream/parse_stream.h"
#include "tests/stream_builder.h"

namespace drover::test {

inline Descriptor memfdOf(const Bytes& bytes) {
  Descriptor file = Descriptor::own(::memfd_create("drover-test", MFD_CLOEXEC));
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t count = ::write(file.get(), bytes.data() + done, bytes.size() - done);
    if (count <= 0) return {};
    done += static_cast<std::size_t>(count);
  }
  return file;
}

struct Parsed {
  RamImage image;
  StreamReport report;
  ParseError error;

  [[nodiscard]] Bytes content(std::size_t block = 0) const {
    Bytes bytes(image.blocks.at(block).length);
    if (!image.read(image.blocks[block], 0, bytes).ok()) bytes.clear();
    return bytes;
  }
  // First byte of a page.
  [[nodiscard]] int byteOf(std::uint64_t page, std::size_t block = 0) const {
    std::uint8_t byte = 0;
    const RamBlock& from = image.blocks.at(block);
    return image.read(from, page * from.pageBytes, {&byte, 1}).ok() ? byte : -1;
  }
  [[nodiscard]] PageKind kindOf(std::uint64_t page, std::size_t block = 0) const {
    return image.blocks.at(block).table->runAt(page).kind;
  }
};

inline Parsed parse(const std::vector<Bytes>& files, const OpenOptions& options = {},
                    const StreamLimits& limits = {}) {
  Parsed parsed;
  for (const Bytes& file : files) {
    Result<InputFile> input = InputFile::open(memfdOf(file));
    if (!input.ok()) {
      parsed.error.reason = "no input file";
      return parsed;
    }
    parsed.image.inputs.push_back(std::move(input.value));
  }
  const CancelFlag never;
  parsed.error = parseStream(parsed.image, parsed.report, options, never, limits);
  return parsed;
}

inline Parsed parse(const StreamBuilder& stream, const OpenOptions& options = {},
                    const StreamLimits& limits = {}) {
  return parse(std::vector<Bytes>{stream.data()}, options, limits);
}

}  // namespace drover::test
