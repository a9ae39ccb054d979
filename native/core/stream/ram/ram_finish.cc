// How the blocks of a parsed stream become those of an image.
#include "core/stream/ram/ram_section.h"

namespace drover {

bool RamSection::finish(RamImage& image, BitmapOrder order, bool ended) {
  StreamReport& report = context_.report;
  if (scratch_.bytes() != 0) {
    report.scratchBytes = scratch_.bytes();
    Result<InputFile> file = scratch_.take();
    if (!file.ok()) return context_.fail(report.mainInput, 0, "decoded pages cannot be read back");
    image.inputs.push_back(std::move(file.value));
  }
  if (form_.mappedRam && !examineBitmaps(order, ended)) return false;
  for (Block& block : blocks_) {
    RamBlock made;
    made.name = block.listed.name;
    made.length = block.listed.length;
    made.pageBytes = form_.pageBytes;
    if (block.listed.mapped) {
      made.table = std::make_unique<MappedPages>(
          image.inputs[report.mainInput], report.mainInput, *block.listed.mapped, made.pages(),
          form_.pageBytes, mappedOrder_,
          ended ? MappedPages::Trust::bitmap : MappedPages::Trust::region);
    } else {
      made.contentElsewhere = form_.ignoreShared && block.report.records.total() == 0;
      block.index->seal(image.inputs,
                        block.contentSeen ? std::optional(block.storedZeroes) : std::nullopt);
      made.table = std::move(block.index);
    }
    const std::uint64_t absent =
        block.report.finalKinds[static_cast<std::size_t>(PageKind::absent)];
    if (absent != 0 && !made.contentElsewhere && ended) {
      report.warn(report.mainInput, report.endOffset,
                  reason("%llu of %llu pages of block ", static_cast<unsigned long long>(absent),
                         static_cast<unsigned long long>(made.pages())) +
                      quoted(made.name) + " were never sent");
    }
    report.indexBytes += made.table->indexBytes();
    report.blocks.push_back(std::move(block.report));
    image.blocks.push_back(std::move(made));
  }
  return true;
}

std::uint64_t RamSection::absentPages() const noexcept {
  std::uint64_t pages = 0;
  for (const Block& block : blocks_) {
    pages += block.report.finalKinds[static_cast<std::size_t>(PageKind::absent)];
  }
  return pages;
}

bool RamSection::examineBitmaps(BitmapOrder order, bool ended) {
  if (!ended) return true;  // they were not written yet, and are not used
  const std::uint32_t main = context_.report.mainInput;
  const bool detect = order == BitmapOrder::detect;
  mappedOrder_ = detect ? BitmapOrder::littleEndian : order;
  bool little = true;
  bool big = true;
  if (!examineBlocks(little, big)) return false;
  if (detect && !little && big) {
    mappedOrder_ = BitmapOrder::bigEndian;
    context_.report.warn(main, 0, "the bitmaps are those of a big-endian host");
    if (!examineBlocks(little, big)) return false;
  }
  if (!(mappedOrder_ == BitmapOrder::bigEndian ? big : little)) {
    return context_.fail(main, 0, "a bitmap has bits beyond the last page of its block");
  }
  std::uint64_t present = 0;
  for (const Block& block : blocks_) {
    present += block.report.finalKinds[static_cast<std::size_t>(PageKind::stored)];
  }
  if (present == 0) context_.report.warn(main, 0, "no page of any block is marked in the bitmaps");
  return true;
}

bool RamSection::examineBlocks(bool& littleTail, bool& bigTail) {
  const std::uint32_t main = context_.report.mainInput;
  for (Block& block : blocks_) {
    const std::uint64_t pages = pageOf(block.listed.length);
    if (!block.listed.mapped) continue;
    const std::uint64_t at = block.listed.mapped->bitmapOffset;
    if (!context_.alive()) return false;
    const Result<BitmapFacts> facts = examineBitmap(context_.inputs[main], at, pages, mappedOrder_);
    if (!facts.ok()) return context_.fail(main, at, "the file was cut short while it was read");
    littleTail = littleTail && facts.value.littleTailClear;
    bigTail = bigTail && facts.value.bigTailClear;
    block.report.finalKinds = {};
    block.report.finalKinds[static_cast<std::size_t>(PageKind::stored)] = facts.value.set;
    block.report.finalKinds[static_cast<std::size_t>(PageKind::zero)] = pages - facts.value.set;
    block.report.bitmapOffset = at;
    block.report.pagesOffset = block.listed.mapped->pagesOffset;
  }
  return true;
}

}  // namespace drover
