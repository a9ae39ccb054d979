// The ram section: records applied to the index, block by block. Knows nothing of the sections
// around it and nothing of channels, which bring their pages through deliver().
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "core/stream/parse_stream.h"
#include "core/stream/ram/block_list.h"
#include "core/stream/ram/mapped_pages.h"
#include "core/stream/ram/page_index.h"
#include "core/stream/ram/record_scanner.h"
#include "core/stream/ram/scratch_pages.h"
#include "core/stream/stream_context.h"

namespace drover {

// Called at the points up to which all channels must have been read.
class BoundaryListener {
 public:
  BoundaryListener() = default;
  BoundaryListener(const BoundaryListener&) = delete;
  BoundaryListener& operator=(const BoundaryListener&) = delete;
  virtual ~BoundaryListener() = default;
  virtual bool flushMark() = 0;
  virtual bool endOfSectionMark() = 0;
};

class RamSection {
 public:
  RamSection(StreamContext& context, const std::string& scratchFolder, const StreamLimits& limits);

  // Before the first chunk.
  [[nodiscard]] BlockListForm& form() noexcept { return form_; }
  void setListener(BoundaryListener* listener) noexcept { listener_ = listener; }

  // A payload of the section, up to and including its end mark.
  bool chunk(ByteReader& reader);
  // A capture of the postcopy preempt channel: records and nothing else.
  bool bareRecords(std::uint32_t input);
  // Pages that postcopy takes back: they are sent again.
  bool discard(std::string_view block, std::uint64_t start, std::uint64_t length,
               std::uint64_t offset);

  [[nodiscard]] bool haveBlocks() const noexcept { return !blocks_.empty(); }
  [[nodiscard]] std::optional<std::uint64_t> otherPageBytes() const noexcept {
    return otherPageBytes_;
  }

  [[nodiscard]] bool mappedRam() const noexcept { return form_.mappedRam; }
  [[nodiscard]] bool ignoreShared() const noexcept { return form_.ignoreShared; }
  [[nodiscard]] std::uint64_t absentPages() const noexcept;

  // For channels. `input` and `offset` say where the page's record is.
  struct Delivery {
    std::uint32_t input;
    std::uint64_t offset;
    std::uint16_t block;
    std::uint64_t pageOffset;
  };
  [[nodiscard]] const BlockName* findBlock(std::string_view name) const noexcept {
    return findBlockName(names_.data(), names_.size(), name.data(), name.size());
  }
  bool deliverZero(const Delivery& where);
  bool deliverStored(const Delivery& where);  // the page is at `offset` of `input`
  bool deliverDecoded(const Delivery& where, std::span<const std::uint8_t> page);
  // The next record belongs to another pass.
  void endPass() noexcept { passEnded_ = true; }

  // Hands the blocks over and adds the decoded pages to the inputs. `ended`: the section's END was
  // seen, so that bitmaps can be trusted.
  bool finish(RamImage& image, BitmapOrder order, bool ended);

 private:
  struct Block {
    ListedBlock listed;
    std::unique_ptr<PageIndex> index;
    BlockReport report;
    std::uint64_t storedZeroes = 0;  // pages whose last entry is one
    bool contentSeen = true;         // of each stored page
  };

  bool records(std::uint32_t input, ByteReader& reader, const BlockName*& last,
               bool untilEndOfFile);
  bool takeBlockList(ByteReader& reader, std::uint64_t word);
  bool apply(std::uint32_t input, const RecordBatch& batch);
  bool applyOne(std::uint32_t input, const PageRecord& record);
  bool applyDelta(std::uint32_t input, const PageRecord& record);
  bool content(PageEntry entry, std::span<std::uint8_t> page, const char*& wrong);
  bool put(const PageRecord& record, std::uint32_t input, PageEntry entry);
  bool store(const PageRecord& record, std::uint32_t input, std::span<const std::uint8_t> page);
  bool returnsToEarlierPlace(const PageRecord& record) noexcept;
  void beginPass();
  void count(Block& block, const PageRecord& record);
  bool failRecord(std::uint32_t input, const Scan& scan);
  bool failScratch(std::uint32_t input, std::uint64_t offset, const Status& status);
  bool examineBitmaps(BitmapOrder order, bool ended);
  bool examineBlocks(bool& littleTail, bool& bigTail);
  bool raiseLimits();
  [[nodiscard]] std::uint64_t pageOf(std::uint64_t offset) const noexcept {
    return offset >> pageShift_;
  }

  StreamContext& context_;
  BlockListForm form_;
  BoundaryListener* listener_ = nullptr;
  std::deque<Block> blocks_;
  std::vector<BlockName> names_;  // sorted
  std::optional<std::uint64_t> otherPageBytes_;
  BitmapOrder mappedOrder_ = BitmapOrder::littleEndian;
  const BlockName* last_ = nullptr;
  std::unique_ptr<RecordBatch> batch_;
  StreamLimits limits_;
  std::uint64_t limitedBy_ = 0;  // bytes of the inputs
  IndexBudget budget_;
  ScratchPages scratch_;
  std::uint32_t scratchInput_;
  std::uint32_t pageShift_ = 12;
  std::uint64_t populatedTo_ = 0;
  std::uint32_t populatedInput_ = ~0U;
  bool passEnded_ = true;
  std::uint32_t lastBlock_ = 0;
  std::uint64_t lastPage_ = ~std::uint64_t{0};
  std::vector<std::uint8_t> delta_;
  std::vector<std::uint8_t> page_;
};

}  // namespace drover
