// Detects the kind of a file by its first bytes. Also knows kinds that Drover cannot read, so that
// the message can say what to do instead.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/image/input_file.h"

namespace drover {

enum class Format : std::uint8_t {
  automatic,  // to be found out; never the answer
  raw,
  elf,
  kdump,  // plain or flattened
  winDump,
  lime,
  stream,  // a migration, with its channels if it has any
};

// "raw", "elf", "kdump", "win-dmp", "lime", "stream".
std::string_view formatName(Format format) noexcept;
std::optional<Format> findFormat(std::string_view name) noexcept;

struct Sniffed {
  Format format = Format::raw;
  bool channel = false;          // a captured multifd channel: of use beside its main stream only
  std::string_view unsupported;  // what it is and what to do; empty when it can be read
};

// By the bytes at `offset`. Raw memory has no mark, so it is what remains.
Sniffed sniff(const InputFile& file, std::uint64_t offset) noexcept;

}  // namespace drover
