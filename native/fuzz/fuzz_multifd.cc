// A main stream and up to three channels: each file behind three bytes of length, least first. The
// first byte of all chooses options.
#include "core/stream/parse_stream.h"
#include "fuzz/walk_image.h"

using namespace drover;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  OpenOptions options;
  options.salvage = (data[0] & 1U) != 0;
  std::span<const std::uint8_t> rest(data + 1, size - 1);
  RamImage image;
  while (rest.size() >= 3 && image.inputs.size() < 4) {
    const std::size_t wanted = rest[0] | (rest[1] << 8U) | (rest[2] << 16U);
    rest = rest.subspan(3);
    const std::size_t length = wanted < rest.size() ? wanted : rest.size();
    image.inputs.push_back(fuzz::inputOf(rest.first(length)));
    rest = rest.subspan(length);
  }
  StreamReport report;
  const CancelFlag never;
  const StreamLimits limits{std::uint64_t{1} << 22U, std::uint64_t{1} << 22U, BitmapOrder::detect};
  const ParseError error = parseStream(image, report, options, never, limits);
  fuzz::require(options.salvage || error.ok() || image.blocks.empty());
  fuzz::walkImage(image);
  return 0;
}
