#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "core/kernels/gather_stamps.h"
#include "tests/random.h"

using namespace drover;

TEST_CASE("the serial kernel copies the first byte of each page") {
  const std::vector<std::uint8_t> memory{1, 0, 0, 2, 0, 0, 3, 0};
  std::vector<std::uint8_t> out(3);
  gatherStampsSerial(memory.data(), 3, 3, out.data());
  CHECK(out == std::vector<std::uint8_t>{1, 2, 3});
}

TEST_CASE("each kernel equals the serial one over length, misalignment and step") {
  test::Random random(1);
  std::vector<std::uint8_t> memory(1 << 20);
  for (std::uint8_t& byte : memory) byte = random.byte();
  for (const Kernel& kernel : kernels()) {
    for (int round = 0; round < 300; ++round) {
      const std::size_t step = round % 3 == 0 ? 4096 : 1 + random.upTo(5000);
      const std::size_t offset = random.upTo(63);
      const std::size_t most = (memory.size() - offset - 1) / step + 1;
      const std::size_t pages = random.upTo(most < 400 ? most : 400);
      // Exactly as long as needed, so that a sanitizer sees a byte too many.
      std::vector<std::uint8_t> expected(pages);
      std::vector<std::uint8_t> found(pages);
      gatherStampsSerial(memory.data() + offset, step, pages, expected.data());
      kernel.gather(memory.data() + offset, step, pages, found.data());
      CAPTURE(std::string(kernel.name));
      CAPTURE(step);
      CAPTURE(offset);
      CAPTURE(pages);
      REQUIRE(found == expected);
    }
  }
}

TEST_CASE("a kernel is found by name and only by its name") {
  for (const Kernel& kernel : kernels()) CHECK(findKernel(kernel.name) == &kernel);
  CHECK(findKernel("turbo") == nullptr);
  CHECK(findKernel("") == nullptr);
}
