#include <doctest/doctest.h>

#include "core/kernels/sha256.h"
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

std::string hashOf(const Bytes& bytes, Sha256Kernel kernel) {
  Sha256 hash(kernel);
  hash.update(bytes.data(), bytes.size());
  return hash.finish();
}

TEST_CASE("SHA-256 gives the values of the standard's examples") {
  const Bytes abc{'a', 'b', 'c'};
  CHECK(hashOf(abc, sha256Serial) ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(hashOf({}, sha256Serial) ==
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(hashOf(Bytes(1'000'000, 'a'), sha256Serial) ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("SHA-256 does not depend on the kernel or on how the bytes are cut") {
  std::vector<Sha256Kernel> kernels{sha256Serial};
  if (sha256X86Works()) kernels.push_back(sha256X86);
  test::Random random(13);
  for (int turn = 0; turn < 100; ++turn) {
    Bytes bytes(random.upTo(700));
    for (std::uint8_t& byte : bytes) byte = random.byte();
    const std::string wanted = hashOf(bytes, sha256Serial);
    for (const Sha256Kernel kernel : kernels) {
      Sha256 hash(kernel);
      for (std::size_t done = 0; done < bytes.size();) {
        const std::size_t count = 1 + random.upTo(bytes.size() - done - 1);
        hash.update(bytes.data() + done, count);
        done += count;
      }
      CHECK(hash.finish() == wanted);
    }
  }
}

#if defined(__aarch64__)
TEST_CASE("an aarch64 processor has the NEON kernel, by default") {
  CHECK(findVerifyKernel("neon") != nullptr);
  CHECK(defaultVerifyKernel().name == "neon");
}
#endif

}  // namespace
}  // namespace drover
