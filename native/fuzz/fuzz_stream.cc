// A main stream, whole: the first byte chooses options, the rest is the file.
#include "core/stream/parse_stream.h"
#include "fuzz/walk_image.h"

using namespace drover;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  OpenOptions options;
  options.salvage = (data[0] & 1U) != 0;
  if ((data[0] & 2U) != 0) options.pageBytes = 1024U << ((data[0] >> 4U) % 7U);
  RamImage image;
  image.inputs.push_back(fuzz::inputOf({data + 1, size - 1}));
  StreamReport report;
  const CancelFlag never;
  const StreamLimits limits{std::uint64_t{1} << 22U, std::uint64_t{1} << 22U, BitmapOrder::detect};
  const ParseError error = parseStream(image, report, options, never, limits);
  fuzz::require(options.salvage || error.ok() || image.blocks.empty());
  fuzz::require(!error.ok() || report.completeness != Completeness::incomplete);
  fuzz::walkImage(image);
  fuzz::require(report.warnings.size() <= StreamReport::kMaxWarnings &&
                report.passes.size() <= StreamReport::kMaxPasses);
  return 0;
}
