// What the records of the ram section do to the index.
#include <algorithm>

#include "core/image/zero.h"
#include "core/stream/ram/inflate_page.h"
#include "core/stream/ram/ram_section.h"
#include "core/stream/ram/xbzrle.h"

namespace drover {

bool RamSection::apply(std::uint32_t input, const RecordBatch& batch) {
  if (batch.count != 0 && form_.mappedRam) {
    context_.derailed = true;
    return context_.fail(input, batch.records[0].at, "a page record in a mapped-ram file");
  }
  for (std::size_t i = 0; i < batch.count; ++i) {
    if (!applyOne(input, batch.records[i])) return false;
  }
  return true;
}

bool RamSection::applyOne(std::uint32_t input, const PageRecord& record) {
  count(blocks_[record.block], record);
  if (context_.dry) return true;
  switch (record.kind) {
    case RecordKind::zero:
    case RecordKind::channelZero:
      return put(record, input, PageEntry::zero());
    case RecordKind::fill:
      context_.report.warn(input, record.at, "a page filled with a byte other than zero");
      return put(record, input, PageEntry::filled(record.fill));
    case RecordKind::channelPage:
      blocks_[record.block].contentSeen = false;
      return put(record, input, PageEntry::stored(input, record.at));
    case RecordKind::page:
      return put(record, input,
                 record.zeroes ? PageEntry::storedZeroes(input, record.at)
                               : PageEntry::stored(input, record.at));
    case RecordKind::compress:
      return put(record, input, PageEntry::packed(input, record.at));
    case RecordKind::xbzrle:
      return applyDelta(input, record);
  }
  return false;
}

void RamSection::count(Block& block, const PageRecord& record) {
  StreamReport& report = context_.report;
  block.report.records.add(record.kind, record.size);
  report.records.add(record.kind, record.size);
  const bool returned = returnsToEarlierPlace(record);
  if (passEnded_ || returned) beginPass();
  report.passes.back().records += 1;
  report.passes.back().bytes += record.size;
}

// The sender walks upwards through the blocks in the order of the list. Compressed pages come from
// several threads and out of order; channels have marks of their own.
bool RamSection::returnsToEarlierPlace(const PageRecord& record) noexcept {
  if (record.kind == RecordKind::compress || record.kind == RecordKind::channelPage ||
      record.kind == RecordKind::channelZero) {
    return false;
  }
  const std::uint64_t page = pageOf(record.pageOffset);
  const bool earlier =
      record.block < lastBlock_ || (record.block == lastBlock_ && page <= lastPage_);
  lastBlock_ = record.block;
  lastPage_ = page;
  return earlier && listener_ == nullptr;
}

void RamSection::beginPass() {
  StreamReport& report = context_.report;
  passEnded_ = false;
  report.passesTotal += 1;
  if (report.passes.size() < StreamReport::kMaxPasses) report.passes.emplace_back();
}

bool RamSection::put(const PageRecord& record, std::uint32_t input, PageEntry entry) {
  Block& block = blocks_[record.block];
  if (record.at >= PageEntry::kOffsetLimit) {
    return context_.fail(input, record.at,
                         "a page at a file offset beyond what the page index can hold");
  }
  std::uint64_t* cell = block.index->at(pageOf(record.pageOffset));
  while (cell == nullptr && raiseLimits()) cell = block.index->at(pageOf(record.pageOffset));
  if (cell == nullptr) {
    return context_.fail(input, record.at,
                         "the pages are so scattered that their index would outgrow the file");
  }
  StreamReport& report = context_.report;
  const PageEntry old(*cell);
  const std::uint32_t sent = old.sent();
  const std::uint32_t now = std::min(sent + 1, PageEntry::kMostSent);
  block.report.finalKinds[static_cast<std::size_t>(old.kind())] -= 1;
  block.report.finalKinds[static_cast<std::size_t>(entry.kind())] += 1;
  block.storedZeroes += entry.isStoredZeroes() ? 1 : 0;
  block.storedZeroes -= old.isStoredZeroes() ? 1 : 0;
  report.sentTimes[now] += 1;
  if (old.kind() != PageKind::absent) {
    report.sentTimes[sent] -= 1;
    report.superseded += 1;
    const bool inScratch = old.kind() == PageKind::stored && old.input() == scratchInput_;
    const bool samePlace = inScratch && entry.kind() == PageKind::stored &&
                           entry.input() == scratchInput_ && entry.offset() == old.offset();
    if (inScratch && !samePlace) scratch_.release(old.offset());
  }
  *cell = entry.sentTimes(now).bits();
  return true;
}

bool RamSection::failScratch(std::uint32_t input, std::uint64_t offset, const Status& status) {
  if (status.fault == Fault::outOfMemory) {
    return context_.fail(
        input, offset,
        reason("decoded pages would take more than the limit of %llu bytes%s",
               static_cast<unsigned long long>(scratch_.limitBytes()),
               scratch_.isInMemory() ? " of memory; a folder for temporary files helps" : ""));
  }
  return context_.fail(
      input, offset,
      reason("decoded pages cannot be kept: %s failed (errno %d)", status.call, status.sysErrno));
}

// In the slot that the page has already, or in a new one.
bool RamSection::store(const PageRecord& record, std::uint32_t input,
                       std::span<const std::uint8_t> page) {
  const PageEntry old = blocks_[record.block].index->get(pageOf(record.pageOffset));
  std::uint64_t slot = old.offset();
  const bool again = old.kind() == PageKind::stored && old.input() == scratchInput_;
  Status status;
  do {
    status = again ? scratch_.overwrite(slot, page) : scratch_.put(page, slot);
  } while (status.fault == Fault::outOfMemory && raiseLimits());
  if (!status.ok()) return failScratch(input, record.at, status);
  return put(record, input,
             isZero(page) ? PageEntry::storedZeroes(scratchInput_, slot)
                          : PageEntry::stored(scratchInput_, slot));
}

bool RamSection::content(PageEntry entry, std::span<std::uint8_t> page, const char*& wrong) {
  Status status;
  switch (entry.kind()) {
    case PageKind::absent:
    case PageKind::zero:
      std::fill(page.begin(), page.end(), std::uint8_t{0});
      break;
    case PageKind::fill:
      std::fill(page.begin(), page.end(), entry.fill());
      break;
    case PageKind::stored:
      status = entry.input() == scratchInput_
                   ? scratch_.get(entry.offset(), page)
                   : context_.inputs[entry.input()].read(entry.offset(), page);
      break;
    case PageKind::packed:
      status = inflatePage(context_.inputs[entry.input()], entry.offset(), page);
      break;
  }
  if (!status.ok()) wrong = "its base, sent before, cannot be read";
  return status.ok();
}

bool RamSection::applyDelta(std::uint32_t input, const PageRecord& record) {
  const std::span<std::uint8_t> delta(delta_.data(), record.length);
  if (!context_.inputs[input].read(record.at, delta).ok()) {
    return context_.fail(input, record.at, "the file was cut short while it was read");
  }
  const PageEntry base = blocks_[record.block].index->get(pageOf(record.pageOffset));
  if (base.kind() == PageKind::absent) {
    context_.report.warn(input, record.at,
                         "an xbzrle page that was never sent whole; zeroes assumed");
  }
  const char* wrong = nullptr;
  if (content(base, page_, wrong)) wrong = applyXbzrle(delta, page_);
  if (wrong != nullptr)
    return context_.fail(input, record.at, std::string("xbzrle page: ") + wrong);
  return store(record, input, page_);
}

bool RamSection::deliverZero(const Delivery& where) {
  return applyOne(where.input,
                  {where.pageOffset, where.offset, 0, 0, where.block, RecordKind::channelZero, 0});
}

bool RamSection::deliverStored(const Delivery& where) {
  return applyOne(where.input, {where.pageOffset, where.offset, form_.pageBytes, 0, where.block,
                                RecordKind::channelPage, 0});
}

bool RamSection::deliverDecoded(const Delivery& where, std::span<const std::uint8_t> page) {
  const PageRecord record{
      where.pageOffset, where.offset, 0, 0, where.block, RecordKind::channelPage, 0};
  count(blocks_[where.block], record);
  return context_.dry || store(record, where.input, page);
}

bool RamSection::discard(std::string_view name, std::uint64_t start, std::uint64_t length,
                         std::uint64_t offset) {
  const std::uint32_t main = context_.report.mainInput;
  const BlockName* const found = findBlock(name);
  if (found == nullptr) {
    return context_.fail(main, offset,
                         "discard in block " + quoted(name) + ", which is not listed");
  }
  if (start % form_.pageBytes != 0 || length % form_.pageBytes != 0 || start > found->length ||
      length > found->length - start) {
    return context_.fail(main, offset, "discard outside block " + quoted(name));
  }
  Block& block = blocks_[found->block];
  block.index->discard(pageOf(start), pageOf(length), [&](PageEntry gone) {
    block.report.discarded += 1;
    block.report.finalKinds[static_cast<std::size_t>(gone.kind())] -= 1;
    block.report.finalKinds[static_cast<std::size_t>(PageKind::absent)] += 1;
    block.storedZeroes -= gone.isStoredZeroes() ? 1 : 0;
    context_.report.sentTimes[gone.sent()] -= 1;
    if (gone.kind() == PageKind::stored && gone.input() == scratchInput_) {
      scratch_.release(gone.offset());
    }
  });
  return true;
}

}  // namespace drover
