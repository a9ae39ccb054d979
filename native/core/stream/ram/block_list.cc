#include "core/stream/ram/block_list.h"

#include <bit>
#include <set>
#include <string_view>

namespace drover {
namespace {

constexpr std::size_t kMostBlocks = 4096;
constexpr std::uint64_t kLongestBlock = std::uint64_t{1} << 56U;

class ListReader {
 public:
  ListReader(StreamContext& context, ByteReader& reader, const BlockListForm& form, BlockList& list)
      : context_(context), reader_(reader), form_(form), list_(list) {}

  bool read(std::uint64_t total) {
    if (total == 0) return fail("a list without blocks");
    while (total > 0) {
      start_ = reader_.position();
      ListedBlock block;
      if (!readBlock(total, block)) return false;
      total -= block.length;
      list_.blocks.push_back(std::move(block));
    }
    return true;
  }

 private:
  bool fail(const std::string& text) {
    return context_.fail(context_.report.mainInput, start_, "block list: " + text);
  }

  bool readBlock(std::uint64_t remaining, ListedBlock& block) {
    ShortName name;
    reader_.name(name);
    block.length = reader_.u64();
    if (reader_.cut()) return fail("the file ends inside it");
    if (name.view().empty()) return fail("a block without a name");
    block.name = name.view();
    if (block.length == 0 || block.length > kLongestBlock || block.length % form_.pageBytes != 0) {
      context_.derailed = true;
      return fail(reason("block %s has length 0x%llx, which is no number of pages of %u bytes",
                         quoted(block.name).c_str(), static_cast<unsigned long long>(block.length),
                         form_.pageBytes));
    }
    if (block.length > remaining) {
      return fail("block " + quoted(block.name) + " is longer than what is left of the total");
    }
    if (list_.blocks.size() == kMostBlocks) return fail("more blocks than any machine has");
    if (!names_.insert(block.name).second) {
      return fail("block " + quoted(block.name) + " is listed twice");
    }
    if (form_.hostPageSizes) readHostPageBytes(block);
    if (form_.ignoreShared) block.regionAddress = reader_.u64();
    if (form_.mappedRam) return readMappedHeader(block);
    return !reader_.cut() || fail("the file ends inside it");
  }

  // Present only where it differs from the usual, and without a mark. No other be64 that could
  // stand here is a power of two of that size: the next name has a length, the next records have
  // flags.
  void readHostPageBytes(ListedBlock& block) {
    ByteReader ahead = reader_;
    const std::uint64_t value = ahead.u64();
    if (ahead.cut() || value < 1024 || !std::has_single_bit(value)) return;
    if ((value & *form_.hostPageSizes) == 0) return;
    block.hostPageBytes = value;
    reader_ = ahead;
  }

  bool readMappedHeader(ListedBlock& block) {
    const std::uint32_t version = reader_.u32();
    const std::uint64_t pageBytes = reader_.u64();
    MappedHeader header;
    header.bitmapOffset = reader_.u64();
    header.pagesOffset = reader_.u64();
    const std::string who = "mapped-ram header of block " + quoted(block.name);
    if (reader_.cut()) return fail("the file ends inside the " + who);
    if (version != 1) return fail(who + reason(" has unknown version %u", version));
    if (pageBytes != form_.pageBytes) {
      list_.otherPageBytes = pageBytes;
      context_.derailed = true;
      return fail(who +
                  reason(" names a page size of %llu", static_cast<unsigned long long>(pageBytes)));
    }
    // QEMU from 11.0 on: the next entry follows at once.
    if (form_.ignoreShared && header.bitmapOffset == 0 && header.pagesOffset == 0) return true;
    // Everything strictly in order, so nothing can overlap and no list can lead back.
    const std::uint64_t bits = block.length / form_.pageBytes;
    const std::uint64_t bitmapBytes = (bits + 7) / 8;
    const std::uint64_t here = reader_.position();
    const std::uint64_t size = reader_.end();
    if (header.bitmapOffset < here || header.bitmapOffset > size ||
        bitmapBytes > size - header.bitmapOffset) {
      return fail(who + " places its bitmap outside the file or over other things");
    }
    if (header.pagesOffset < header.bitmapOffset + bitmapBytes ||
        header.pagesOffset % form_.pageBytes != 0) {
      return fail(who + " places its pages over its bitmap or off alignment");
    }
    if (header.pagesOffset > size || block.length > size - header.pagesOffset) {
      return fail(who + " places its pages beyond the end of the file");
    }
    block.mapped = header;
    reader_.seek(header.pagesOffset + block.length);
    return true;
  }

  StreamContext& context_;
  ByteReader& reader_;
  const BlockListForm& form_;
  BlockList& list_;
  std::uint64_t start_ = 0;
  std::set<std::string, std::less<>> names_;
};

}  // namespace

bool readBlockList(StreamContext& context, ByteReader& reader, std::uint64_t total,
                   const BlockListForm& form, BlockList& list) {
  return ListReader(context, reader, form, list).read(total);
}

}  // namespace drover
