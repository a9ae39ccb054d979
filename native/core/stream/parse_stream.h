// Parses a migration stream in one pass: the RAM that its destination would have, as an index of
// each page's last content, and a report of everything else. Leaves out the contents of a device's
// payload.
#pragma once

#include <cstdint>

#include "core/cancel.h"
#include "core/image/ram_image.h"
#include "core/open_image.h"
#include "core/stream/stream_report.h"

namespace drover {

enum class BitmapOrder : std::uint8_t { detect, littleEndian, bigEndian };

// Limits that users have no need to set.
struct StreamLimits {
  // Bytes of decoded pages (xbzrle, compressed multifd channels) kept at most. 0: by the files'
  // sizes.
  std::uint64_t scratchBytes = 0;
  // Of the index. 0: by the files' sizes.
  std::uint64_t indexBytes = 0;
  BitmapOrder bitmapOrder = BitmapOrder::detect;  // of a mapped-ram file: the source host's
};

// `image.inputs` holds the files in any order: the main stream, captures of multifd channels and of
// the postcopy preempt channel, recognised by their first bytes. Fills `image.blocks`, with places
// where the machine is known. One input may be appended: decoded pages in a file without a name.
// On an error the blocks stay empty; with `options.salvage` they hold what could be read. A
// cancelled parse gives the reason "cancelled".
ParseError parseStream(RamImage& image, StreamReport& report, const OpenOptions& options,
                       const CancelFlag& cancel, const StreamLimits& limits = {}) noexcept;

}  // namespace drover
