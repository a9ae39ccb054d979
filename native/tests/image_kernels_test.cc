#include <doctest/doctest.h>

#include "core/kernels/verify_pages.h"
#include "tests/image_files.h"
#include "tests/random.h"

namespace drover {
namespace {

using test::Bytes;

TEST_CASE("every kernel of level page agrees with the serial one, whatever the damage") {
  test::Random random(11);
  for (int turn = 0; turn < 300; ++turn) {
    const std::size_t pageBytes = 64U << random.upTo(6);
    const std::size_t pages = 1 + random.upTo(9);
    const std::size_t stride = pageBytes + random.upTo(24);
    const std::size_t shift = random.upTo(63);
    const std::uint64_t step = pageBytes << random.upTo(4);
    const std::uint64_t address = random.upTo(~std::uint64_t{0} >> 8) & ~std::uint64_t{63};
    const std::uint64_t generation = random.upTo(~std::uint64_t{0});
    Bytes memory(shift + pages * stride);
    for (std::size_t i = 0; i < pages; ++i) {
      test::stampPage(&memory[shift + i * stride], address + i * step, generation, pageBytes);
    }
    std::size_t whole = pages;
    if (random.upTo(3) > 0) {
      whole = random.upTo(pages - 1);
      memory[shift + whole * stride + random.upTo(pageBytes - 1)] ^=
          static_cast<std::uint8_t>(1U << random.upTo(7));
    }
    const StampedPages asked{&memory[shift], stride, pages, pageBytes, address, generation, step};
    for (const VerifyKernel& kernel : verifyKernels()) {
      CAPTURE(kernel.name);
      CHECK(kernel.verify(asked) == whole);
    }
  }
}

TEST_CASE("every single bit of a page counts for every kernel") {
  Bytes page(128);
  for (const VerifyKernel& kernel : verifyKernels()) {
    for (std::size_t bit = 0; bit < page.size() * 8; ++bit) {
      test::stampPage(page.data(), 0x7000, 3, page.size());
      page[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
      REQUIRE(kernel.verify({page.data(), 128, 1, 128, 0x7000, 3, 128}) == 0);
    }
  }
}

TEST_CASE("the generation can be had back from any word of a page") {
  test::Random random(12);
  for (int turn = 0; turn < 1000; ++turn) {
    const std::uint64_t address = random.upTo(~std::uint64_t{0});
    const std::uint64_t generation = random.upTo(~std::uint64_t{0});
    const std::uint64_t offset = 8 * random.upTo(511);
    CHECK(generationOfWord(mixStamp(address, generation, offset), address, offset) == generation);
  }
}

TEST_CASE("the words that the contract gives as an example") {
  CHECK(mixStamp(0x200000, 5, 16) == 0x13e9b69b13e60089);
  CHECK(mixStamp(0x200000, 5, 4088) == 0x8e5e4f6bf469d861);
}

#if defined(__aarch64__)
TEST_CASE("an aarch64 processor has the NEON kernel, by default") {
  CHECK(findVerifyKernel("neon") != nullptr);
  CHECK(defaultVerifyKernel().name == "neon");
}
#endif

}  // namespace
}  // namespace drover
