// Opens files of any supported kind as a RamImage; the only file that knows all formats.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/cancel.h"
#include "core/image/address_map.h"
#include "core/image/ram_image.h"
#include "core/image/sniff.h"
#include "core/progress.h"

namespace drover {

struct StreamReport;  // core/stream/stream_report.h

// A deleter, defined with StreamReport (core/stream), so that other files need not include it.
struct StreamReportDeleter {
  void operator()(StreamReport* report) const noexcept;
};
using StreamReportPtr = std::unique_ptr<StreamReport, StreamReportDeleter>;

struct OpenOptions {
  Format format = Format::automatic;
  std::uint64_t fileOffset = 0;            // where the stream, or the raw memory, starts
  std::optional<std::uint32_t> pageBytes;  // else found out, or 4096
  // Raw memory: the guest address of its first byte...
  std::uint64_t rawAddress = 0;
  // ...or where its pieces are seen; must lie within the file's length.
  std::vector<AddressRange> places;
  // Where blocks are seen, by their names; wins over all else. Names that no block has are ignored.
  std::vector<NamedPlace> named;
  // The machine, where the file does not name it: "pc", "q35", "virt" (see address_map.h), and the
  // target for "virt", which several architectures have.
  std::string machine;
  std::string arch;
  bool salvage = false;          // keep what could be read in spite of an error
  std::string tmpDir;            // for what is too large to keep; empty: in memory
  Progress* progress = nullptr;  // bytes of input; without a total where the file grows
  // The only file is still being written until this is set; see InputFile::follow.
  const std::atomic<bool>* written = nullptr;
};

struct OpenedImage {
  // Also when there is an error, with what was read so far; of use only where salvage was asked
  // for.
  RamImage image;
  ParseError error;
  StreamReportPtr stream;  // null for dumps and raw memory
  Format format = Format::raw;
};

// One file, or a migration stream with its channels in any order.
OpenedImage openImage(std::vector<InputFile> inputs, const OpenOptions& options,
                      const CancelFlag& cancel) noexcept;

}  // namespace drover
