// The description of devices: the JSON text alone, at the end of a file as it is found there.
#include "core/stream/description.h"
#include "fuzz/walk_image.h"
#include "tests/stream_builder.h"

using namespace drover;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  test::StreamBuilder file;
  file.header().end().description({reinterpret_cast<const char*>(data), size});
  const InputFile input = fuzz::inputOf(file.data());
  const auto found = findDescription(input, 0);
  fuzz::require(!found || found->offset + found->length == input.size());
  return 0;
}
