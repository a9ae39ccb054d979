// A mapped-ram file. Its head is given, so that all mutation goes into the block list, the bitmaps
// and what follows. The first byte chooses options.
#include <vector>

#include "core/stream/parse_stream.h"
#include "fuzz/walk_image.h"
#include "tests/stream_builder.h"

using namespace drover;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  test::StreamBuilder file;
  file.header().machine("pc").capability("mapped-ram");
  file.bytes({data + 1, data + size});
  OpenOptions options;
  options.salvage = (data[0] & 1U) != 0;
  StreamLimits limits{std::uint64_t{1} << 22U, std::uint64_t{1} << 22U, BitmapOrder::detect};
  if ((data[0] & 2U) != 0) limits.bitmapOrder = BitmapOrder::bigEndian;
  RamImage image;
  image.inputs.push_back(fuzz::inputOf(file.data()));
  StreamReport report;
  const CancelFlag never;
  const ParseError error = parseStream(image, report, options, never, limits);
  fuzz::require(options.salvage || error.ok() || image.blocks.empty());
  fuzz::walkImage(image);
  return 0;
}
