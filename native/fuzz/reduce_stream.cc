#include "fuzz/reduce_stream.h"

#include <algorithm>

#include "core/stream/find_stream.h"
#include "core/stream/parse_stream.h"

namespace drover::fuzz {
namespace {

using test::Bytes;
using test::StreamBuilder;

constexpr std::uint64_t kPagesOfBlock = 5;

struct Source {
  RamImage image;
  StreamReport report;

  bool open(const std::string& path) {
    Result<InputFile> input = InputFile::openPath(path.c_str());
    if (!input.ok()) return false;
    OpenOptions options;
    options.fileOffset = findStream(input.value, 0, input.value.size()).value_or(0);
    image.inputs.push_back(std::move(input.value));
    const CancelFlag never;
    return parseStream(image, report, options, never).ok();
  }
  [[nodiscard]] Bytes read(std::uint64_t offset, std::uint64_t length) const {
    Bytes bytes(length);
    static_cast<void>(image.inputs[report.mainInput].read(offset, bytes));
    return bytes;
  }
  // Where a section's element starts.
  static std::uint64_t elementOf(const SectionReport& section) {
    return section.offset - (1 + 4 + 1 + section.name.size() + 4 + 4);
  }
};

}  // namespace

Bytes reduceStream(const std::string& path) {
  Source source;
  if (!source.open(path) || source.report.sections.empty()) return {};
  const StreamReport& report = source.report;
  const std::uint64_t first = Source::elementOf(report.sections.front());
  StreamBuilder out;
  out.bytes(source.read(report.streamOffset, first - report.streamOffset));
  out.pageBytes(report.pageBytes).startRam();
  std::vector<std::pair<std::string, std::uint64_t>> blocks;
  for (const RamBlock& block : source.image.blocks) {
    blocks.emplace_back(block.name, std::min(block.pages(), kPagesOfBlock) * block.pageBytes);
  }
  out.blockList(blocks).endChunk().partRam();
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const RamBlock& block = source.image.blocks[i];
    for (std::uint64_t page = 0; page * block.pageBytes < blocks[i].second; ++page) {
      if (page % 4 != 0) {
        out.zero(page, block.name);
        continue;
      }
      Bytes content(block.pageBytes);
      static_cast<void>(source.image.read(block, page * block.pageBytes, content));
      out.word(page, 0x08, block.name).bytes(content);
    }
  }
  out.endChunk().lastRam().endChunk();
  for (const SectionReport& section : report.sections) {
    constexpr std::uint64_t kLargest = 2048;
    if (section.role != SectionRole::device || section.length > kLargest) continue;
    const std::uint64_t start = Source::elementOf(section);
    out.bytes(source.read(start, section.offset + section.length - start)).footer(section.id);
  }
  return out.end().data();
}

Bytes descriptionOf(const std::string& path) {
  Source source;
  if (!source.open(path)) return {};
  return source.read(source.report.vmdescOffset, source.report.vmdescLength);
}

}  // namespace drover::fuzz
