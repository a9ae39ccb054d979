#include "core/stream/ram/ram_section.h"

#include <unistd.h>

#include <algorithm>
#include <bit>

namespace drover {
namespace {

using Hex = unsigned long long;  // for %llx

constexpr std::uint64_t kRamWindow = std::uint64_t{2} << 20U;
constexpr std::uint64_t kPopulate = std::uint64_t{32} << 20U;

// Of a file that grows the bytes so far, unless `whole`.
std::uint64_t totalBytes(const std::vector<InputFile>& inputs, bool whole) noexcept {
  std::uint64_t total = 0;
  for (const InputFile& input : inputs) {
    total += std::min(whole ? input.size() : input.sizeUpTo(0), PageEntry::kOffsetLimit);
  }
  return total;
}

// What a decoded page takes in the file at least: 14 bytes as a delta, and a 128th of a packet's
// head on a channel. Guests full of almost nothing do come close.
constexpr std::uint64_t kLeastScratch = std::uint64_t{1} << 30U;
constexpr std::uint64_t kScratchRatio = 400;

std::uint64_t scratchLimit(std::uint64_t inputBytes, bool inMemory) noexcept {
  const std::uint64_t wanted = kLeastScratch + kScratchRatio * inputBytes;
  if (!inMemory) return wanted;
  const long pages = ::sysconf(_SC_PHYS_PAGES);
  const long pageBytes = ::sysconf(_SC_PAGESIZE);
  if (pages <= 0 || pageBytes <= 0) return std::min(wanted, kLeastScratch);
  return std::min(wanted,
                  static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(pageBytes) / 2);
}

// A stream with all its pages takes 8 bytes of index for at least 9 of its own.
constexpr std::uint64_t kLeastIndex = std::uint64_t{64} << 20U;
constexpr std::uint64_t kIndexRatio = 4;

}  // namespace

RamSection::RamSection(StreamContext& context, const std::string& scratchFolder,
                       const StreamLimits& limits)
    : context_(context),
      batch_(std::make_unique<RecordBatch>()),
      limits_(limits),
      scratch_(scratchFolder, limits.scratchBytes != 0 ? limits.scratchBytes
                                                       : scratchLimit(0, scratchFolder.empty())),
      scratchInput_(static_cast<std::uint32_t>(context.inputs.size())) {
  budget_.limit = limits.indexBytes != 0 ? limits.indexBytes : kLeastIndex;
}

// To what the sizes of the files allow; true when that is more than before. For the end of a file
// that grows it waits only where what is there of it does not allow more.
bool RamSection::raiseLimits() {
  for (const bool whole : {false, true}) {
    const std::uint64_t bytes = totalBytes(context_.inputs, whole);
    if (bytes <= limitedBy_) continue;
    limitedBy_ = bytes;
    if (limits_.indexBytes == 0) budget_.limit = kLeastIndex + kIndexRatio * bytes;
    if (limits_.scratchBytes == 0) scratch_.setLimit(scratchLimit(bytes, scratch_.isInMemory()));
    return true;
  }
  return false;
}

bool RamSection::chunk(ByteReader& reader) {
  return records(context_.report.mainInput, reader, last_, false);
}

bool RamSection::bareRecords(std::uint32_t input) {
  const InputFile& file = context_.inputs[input];
  ByteReader reader(file, 0);
  const BlockName* last = nullptr;
  return records(input, reader, last, true);
}

bool RamSection::records(std::uint32_t input, ByteReader& reader, const BlockName*& last,
                         bool untilEndOfFile) {
  Scan scan;
  scan.position = reader.position();
  scan.batch = batch_.get();
  scan.last = last;
  for (;;) {
    if (!context_.alive()) return false;
    scan.sorted = names_.data();
    scan.blockCount = names_.size();
    scan.pageBytes = form_.pageBytes;
    batch_->count = 0;
    const std::uint64_t start = scan.position;
    const std::uint64_t length = reader.window(start, kLongestRecord, kRamWindow);
    if (input != populatedInput_ || start + length > populatedTo_) {
      reader.file().populate(start, kPopulate);
      populatedInput_ = input;
      populatedTo_ = start + kPopulate;
    }
    const Status status = reader.file().visit(
        start, length,
        [&](const std::uint8_t* window) noexcept { scanRecords(scan, window, length); });
    if (!status.ok()) {
      return context_.fail(input, start, "the file was cut short while it was read");
    }
    if (!apply(input, *batch_)) return false;
    last = scan.last;
    context_.advance(scan.position - start);
    switch (scan.stop) {
      case ScanStop::windowEnd:
        break;
      case ScanStop::endOfSection:
        reader.seek(scan.position);
        if (untilEndOfFile) break;  // a channel may have one at its end
        context_.report.ramChunks += 1;
        return listener_ == nullptr || listener_->endOfSectionMark();
      case ScanStop::flush:
        context_.report.flushes += 1;
        if (listener_ != nullptr && !listener_->flushMark()) return false;
        break;
      case ScanStop::blockList:
        reader.seek(scan.position);
        if (!takeBlockList(reader, scan.word)) return false;
        scan.position = reader.position();
        break;
      case ScanStop::cut:
        if (untilEndOfFile && scan.position == reader.end()) return true;
        return context_.fail(input, scan.position, "the file ends inside a page record");
      case ScanStop::bad:
        reader.seek(scan.position);
        return failRecord(input, scan);
    }
  }
}

bool RamSection::failRecord(std::uint32_t input, const Scan& scan) {
  context_.derailed = true;
  const char* what = "";
  switch (scan.fault) {
    case RecordFault::none:
      break;
    case RecordFault::flags:
      what = "flags that no page record has";
      break;
    case RecordFault::unknownBlock:
      what = "a block that is not listed";
      break;
    case RecordFault::noBlockYet:
      what = "no block name, and no record before it";
      break;
    case RecordFault::pageOffset:
      what = "a page beyond the end of its block";
      break;
    case RecordFault::xbzrle:
      what = "an impossible xbzrle encoding";
      break;
    case RecordFault::compressed:
      what = "a compressed page longer than it can be";
      break;
    case RecordFault::markOffset:
      what = "a mark with an offset";
      break;
  }
  return context_.fail(input, scan.position,
                       reason("page record 0x%016llx has %s (with pages of %u bytes)",
                              static_cast<Hex>(scan.word), what, form_.pageBytes));
}

bool RamSection::takeBlockList(ByteReader& reader, std::uint64_t word) {
  const std::uint64_t at = reader.position() - 8;
  const std::uint32_t main = context_.report.mainInput;
  if (haveBlocks()) return context_.fail(main, at, "a second list of RAM blocks");
  BlockList list;
  const std::uint64_t total = word & ~std::uint64_t{form_.pageBytes - 1};
  const bool read = readBlockList(context_, reader, total, form_, list);
  otherPageBytes_ = list.otherPageBytes;
  if (!read) return false;
  pageShift_ = static_cast<std::uint32_t>(std::countr_zero(form_.pageBytes));
  page_.resize(form_.pageBytes);
  delta_.resize(form_.pageBytes);
  scratch_.setPageBytes(form_.pageBytes);
  for (ListedBlock& listed : list.blocks) {
    Block& block = blocks_.emplace_back();
    block.listed = std::move(listed);
    const std::uint64_t pages = pageOf(block.listed.length);
    block.index = std::make_unique<PageIndex>(pages, form_.pageBytes, &budget_);
    block.report.name = block.listed.name;
    block.report.length = block.listed.length;
    block.report.hostPageBytes = block.listed.hostPageBytes;
    block.report.regionAddress = block.listed.regionAddress;
    block.report.finalKinds[static_cast<std::size_t>(PageKind::absent)] = pages;
    const auto number = static_cast<std::uint16_t>(blocks_.size() - 1);
    names_.push_back({block.listed.name.data(), block.listed.length, number,
                      static_cast<std::uint8_t>(block.listed.name.size())});
  }
  std::sort(names_.begin(), names_.end(), [](const BlockName& a, const BlockName& b) {
    return std::string_view(a.name, a.nameLength) < std::string_view(b.name, b.nameLength);
  });
  return true;
}

}  // namespace drover
