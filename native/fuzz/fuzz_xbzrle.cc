// A delta against its slow twin.
#include <algorithm>
#include <vector>

#include "core/stream/ram/xbzrle.h"
#include "fuzz/walk_image.h"
#include "tests/xbzrle_twin.h"

using namespace drover;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::vector<std::uint8_t> delta(data, data + std::min<std::size_t>(size, 4096));
  std::vector<std::uint8_t> page(4096);
  for (std::size_t i = 0; i < page.size(); ++i) page[i] = static_cast<std::uint8_t>(i * 7);
  const auto expected = test::xbzrleTwin(delta, page);
  const char* const wrong = applyXbzrle(delta, page);
  fuzz::require((wrong == nullptr) == expected.has_value());
  fuzz::require(wrong != nullptr || page == *expected);
  return 0;
}
