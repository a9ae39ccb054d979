// Summarises a range of pages in a few cells, for the page map.
#pragma once

#include <cstdint>

namespace drover {

struct PageCell {
  std::uint64_t data =
      0;  // pages with content (stored, packed or filled), intact as far as checked
  std::uint64_t zero = 0;
  std::uint64_t absent = 0;
  std::uint64_t damaged = 0;  // by a check; such a page is counted nowhere else
};

}  // namespace drover
