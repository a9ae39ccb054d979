#include "core/open_image.h"

#include "core/dump/elf_core.h"
#include "core/dump/kdump.h"
#include "core/dump/lime.h"
#include "core/dump/raw_image.h"
#include "core/dump/win_dump.h"
#include "core/stream/find_stream.h"
#include "core/stream/parse_stream.h"
#include "core/stream/reason.h"
#include "core/stream/stream_report.h"

namespace drover {
namespace {

constexpr std::uint32_t kLeastPage = 512;
constexpr std::uint32_t kLargestPage = 65536;

struct Kind {
  ParseError error;
  Format format = Format::raw;
};

// A migration stream may be inside a file of another kind; how far to search for it.
constexpr std::uint64_t kSearchBytes = std::uint64_t{16} << 20;

ParseError unsupported(const InputFile& file, std::uint32_t input, std::uint64_t offset,
                       std::string_view what) noexcept {
  std::string reason = "this is " + std::string(what);
  const std::optional<std::uint64_t> stream = findStream(file, offset, kSearchBytes);
  if (stream) reason += "; a migration stream starts at offset " + std::to_string(*stream);
  return {std::move(reason), input, offset, true};
}

// The first file that has a format of its own decides; channels come in any order with their main
// stream.
Kind kindOf(const RamImage& image, const OpenOptions& options) noexcept {
  std::optional<std::uint32_t> main;
  for (std::uint32_t i = 0; i < image.inputs.size(); ++i) {
    const Sniffed found = sniff(image.inputs[i], options.fileOffset);
    if (!found.unsupported.empty()) {
      return {unsupported(image.inputs[i], i, options.fileOffset, found.unsupported), found.format};
    }
    if (found.channel || !image.inputs[i].holds(0, 1)) continue;
    if (!main) {
      main = i;
      if (image.inputs.size() == 1) return {{}, found.format};
    }
    if (found.format == Format::stream) return {{}, Format::stream};
  }
  if (!main) {
    return {{"a captured multifd channel says nothing without its main stream: give all of them", 0,
             0, true},
            Format::stream};
  }
  return {
      {"several files are one image only when one of them is a migration stream", *main, 0, true},
      Format::raw};
}

const char* wrongOptions(const RamImage& image, const OpenOptions& options) noexcept {
  if (image.inputs.empty()) return "no file";
  // Of several some may be empty: the capture of a channel that was never used.
  if (image.inputs.size() == 1 && !image.inputs[0].holds(0, 1)) return "the file is empty";
  const std::uint32_t page = options.pageBytes.value_or(4096);
  if (page < kLeastPage || page > kLargestPage || (page & (page - 1)) != 0) {
    return "the page size is no power of two from 512 to 65536";
  }
  return nullptr;
}

}  // namespace

OpenedImage openImage(std::vector<InputFile> inputs, const OpenOptions& options,
                      const CancelFlag& cancel) noexcept {
  OpenedImage opened;
  opened.image.inputs = std::move(inputs);
  const bool growing = options.written != nullptr && !opened.image.inputs.empty();
  if (growing) opened.image.inputs[0].follow(*options.written, cancel);
  const char* wrong = wrongOptions(opened.image, options);
  if (wrong != nullptr) {
    opened.error = {wrong, 0, 0, true};
    return opened;
  }
  if (options.format == Format::automatic) {
    Kind kind = kindOf(opened.image, options);
    opened.format = kind.format;
    opened.error = std::move(kind.error);
    if (!opened.error.ok()) return opened;
  } else {
    opened.format = options.format;
  }
  switch (opened.format) {
    case Format::elf:
      opened.error = openElfCore(opened.image, options, cancel);
      break;
    case Format::kdump:
      opened.error = openKdump(opened.image, options, cancel);
      break;
    case Format::winDump:
      opened.error = openWinDump(opened.image, options, cancel);
      break;
    case Format::lime:
      opened.error = openLime(opened.image, options, cancel);
      break;
    case Format::stream:
      opened.stream = StreamReportPtr(new StreamReport);
      opened.error = parseStream(opened.image, *opened.stream, options, cancel);
      if (opened.error.ok() && !placeMain(opened.image.blocks, options.places)) {
        opened.error = {"no block holds the places that were given", 0, 0};
      }
      break;
    case Format::raw:
    case Format::automatic:
      opened.error = openRaw(opened.image, options, cancel);
      break;
  }
  if (opened.error.ok()) {
    std::string misplaced = placeNamed(opened.image.blocks, options.named);
    if (!misplaced.empty()) opened.error = {std::move(misplaced), 0, 0, true};
  }
  // An image that nobody gets needs no more of the file: its writer may go on for long.
  if (growing && (opened.error.ok() || options.salvage)) {
    const Status settled = opened.image.inputs[0].settle();
    if (!settled.ok()) {
      opened.error.reason = reason("%s failed (errno %d)", settled.call, settled.sysErrno);
      opened.image.blocks.clear();
    }
  }
  if (opened.error.ok() && cancel.isSet()) opened.error.reason = "cancelled";
  return opened;
}

}  // namespace drover
