// The list of RAM blocks at the start of the ram section.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/stream/byte_reader.h"
#include "core/stream/stream_context.h"

namespace drover {

struct MappedHeader {
  std::uint64_t bitmapOffset = 0;
  std::uint64_t pagesOffset = 0;
};

struct ListedBlock {
  std::string name;
  std::uint64_t length = 0;
  std::uint64_t hostPageBytes = 0;
  std::optional<std::uint64_t> regionAddress;
  std::optional<MappedHeader> mapped;  // not of a block whose content is not in the file
};

// What the stream's head says about the form of the list.
struct BlockListForm {
  std::uint32_t pageBytes = 4096;
  bool mappedRam = false;
  bool ignoreShared = false;
  std::optional<std::uint64_t> hostPageSizes;  // first word of postcopy advise
};

struct BlockList {
  std::vector<ListedBlock> blocks;
  // A mapped-ram header that names another page size than `form.pageBytes`.
  std::optional<std::uint64_t> otherPageBytes;
};

// `total` is the sum of lengths that the record's word gives. Reads up to where the list ends; in a
// mapped-ram file that is behind the pages of the last block.
bool readBlockList(StreamContext& context, ByteReader& reader, std::uint64_t total,
                   const BlockListForm& form, BlockList& list);

}  // namespace drover
