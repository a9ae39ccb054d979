#include "fuzz/dump_seeds.h"

#include "tests/dump_files.h"

namespace drover::fuzz {

void dumpSeeds(const std::function<void(const std::string&, const test::Bytes&)>& save) {
  using test::Bytes;
  constexpr std::uint32_t kZlib = 1;
  constexpr std::uint32_t kZstd = 0x20;
  const Bytes page(4096, 5);
  for (const bool big : {false, true}) {
    const std::string order = big ? "-big" : "-little";
    save("elf-64" + order, test::elfCore({{0x8000, page, 8192}, {0, page, 4096}}, true, big));
    save("elf-32" + order,
         test::elfCore({{100, Bytes(5000, 1), 5000}, {5100, page, 9000}}, false, big));
    save("kdump" + order,
         test::kdump(
             12,
             {{1, 0, page}, {2, kZlib, test::zlibPacked(page)}, {7, kZstd, test::zstdPacked(page)}},
             {4, 5}, big));
  }
  const Bytes plain = test::kdump(12, {{2, kZlib, test::zlibPacked(page)}}, {4});
  const auto middle = plain.begin() + static_cast<std::ptrdiff_t>(plain.size() / 2);
  const Bytes front(plain.begin(), middle);
  save("flattened",
       test::flattened({{front.size(), Bytes(middle, plain.end())}, {0, front}, {8, Bytes(4, 0)}}));
  for (const bool wide : {true, false}) {
    save(wide ? "win-dmp-64" : "win-dmp-32", test::winDump({{0, page}, {9, Bytes(8192, 3)}}, wide));
  }
  save("lime", test::limeFile({{0, page}, {9000, Bytes(5000, 3)}}));
  save("raw", page);
}

}  // namespace drover::fuzz
