// Streams that are read while they are written.
#include <doctest/doctest.h>

#include <thread>

#include "core/checks/block_pages.h"
#include "tests/image_files.h"
#include "tests/random.h"
#include "tests/stream_image.h"

using namespace drover;
using test::Bytes;
using test::StreamBuilder;

namespace {

constexpr std::uint64_t kPages = 2000;
const CancelFlag never;

// Long enough for several windows; some pages come again, some are zero though they came whole.
StreamBuilder longStream(test::Random& random, std::string_view description) {
  StreamBuilder out;
  out.header().machine("pc-i440fx-7.2").startRam();
  out.blockList({{"pc.ram", kPages * StreamBuilder::kPage}}).endChunk().partRam();
  out.zero(0, "pc.ram");
  for (int round = 0; round < 2; ++round) {
    for (std::uint64_t page = 0; page < kPages; page += 1 + random.upTo(3)) {
      switch (random.upTo(4)) {
        case 0:
          out.zero(page);
          break;
        case 1:
          out.page(page, 0);
          break;
        case 2:
          out.page(page, 0).data().back() = 1;
          break;
        default:
          out.page(page, random.byte());
      }
      if (random.upTo(9) == 0) out.endChunk().partRam();
    }
  }
  out.endChunk().lastRam().endChunk().device(9, "timer", Bytes(100, 3)).end();
  if (!description.empty()) out.description(description);
  return out;
}

// Writes a file piece by piece, in a thread of its own, then says so.
class Writer {
 public:
  Writer(int fd, const Bytes& bytes, std::uint64_t seed)
      : thread_([this, fd, &bytes, seed] {
          test::Random random(seed);
          for (std::size_t done = 0; done < bytes.size();) {
            const std::size_t piece =
                std::min<std::size_t>(bytes.size() - done, 1 + random.upTo(400'000));
            const ssize_t put = ::write(fd, bytes.data() + done, piece);
            if (put <= 0) break;
            done += static_cast<std::size_t>(put);
            if (random.upTo(3) == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
          }
          written = true;
        }) {}
  ~Writer() { thread_.join(); }
  std::atomic<bool> written{false};

 private:
  std::thread thread_;
};

OpenedImage openWhileWritten(const Bytes& bytes, std::uint64_t seed, OpenOptions options = {}) {
  const Descriptor file = test::memoryFile({});
  std::vector<InputFile> inputs;
  inputs.push_back(std::move(InputFile::open(Descriptor::own(::dup(file.get()))).value));
  const Writer writer(file.get(), bytes, seed);
  options.written = &writer.written;
  return openImage(std::move(inputs), options, never);
}

void checkSame(const OpenedImage& grown, const OpenedImage& plain) {
  CHECK(grown.error.reason == plain.error.reason);
  CHECK(grown.error.offset == plain.error.offset);
  REQUIRE(grown.stream != nullptr);
  CHECK(grown.stream->pageBytes == plain.stream->pageBytes);
  CHECK(grown.stream->pageBytesSource == plain.stream->pageBytesSource);
  CHECK(grown.stream->endOffset == plain.stream->endOffset);
  CHECK(grown.stream->completeness == plain.stream->completeness);
  CHECK(grown.stream->warnings.size() == plain.stream->warnings.size());
  CHECK(grown.stream->records.total() == plain.stream->records.total());
  REQUIRE(grown.image.blocks.size() == plain.image.blocks.size());
  for (std::size_t i = 0; i < plain.image.blocks.size(); ++i) {
    Bytes first(plain.image.blocks[i].length);
    Bytes second(first.size());
    REQUIRE(grown.image.blocks[i].length == first.size());
    CHECK(plain.image.read(plain.image.blocks[i], 0, first).ok());
    CHECK(grown.image.read(grown.image.blocks[i], 0, second).ok());
    CHECK(first == second);
  }
}

}  // namespace

TEST_CASE("a stream read while it is written gives what the finished file gives") {
  test::Random random(51);
  for (int round = 0; round < 6; ++round) {
    // Page sizes: not described, described as assumed, described as another one (which fits not).
    const std::string description = round % 3 == 0   ? ""
                                    : round % 3 == 1 ? R"({"page_size": 4096, "devices": []})"
                                                     : R"({"page_size": 8192, "devices": []})";
    const Bytes bytes = longStream(random, description).data();
    OpenOptions options;
    options.salvage = round % 2 == 1;
    checkSame(openWhileWritten(bytes, 60 + round, options), test::openBytes(bytes, options));
  }
}

TEST_CASE("a writer that ends early, at any place, gives the error of the shorter file") {
  test::Random random(52);
  const Bytes whole = longStream(random, R"({"page_size": 4096, "devices": []})").data();
  for (int round = 0; round < 12; ++round) {
    const std::uint64_t kept = round < 4 ? 1 + round * 7 : random.upTo(whole.size() - 1);
    const Bytes bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(kept));
    OpenOptions options;
    options.format = Format::stream;
    options.salvage = round % 2 == 1;
    INFO("bytes: ", kept);
    checkSame(openWhileWritten(bytes, 80 + round, options), test::openBytes(bytes, options));
  }
}

TEST_CASE("a record that makes no sense is reported at its place, however the file goes on") {
  test::Random random(53);
  StreamBuilder broken;
  broken.header().machine("pc-i440fx-7.2").startRam();
  broken.blockList({{"pc.ram", 8 * StreamBuilder::kPage}}).endChunk().partRam();
  broken.page(0, 1, "pc.ram").u64(0x1800).fill(3'000'000, 7);
  const OpenedImage grown = openWhileWritten(broken.data(), 90);
  checkSame(grown, test::openBytes(broken.data()));
  CHECK(grown.error.reason.find("flags that no page record has") != std::string::npos);
}

TEST_CASE("a cancelled wait for the writer ends at once, and so does the work") {
  test::Random random(54);
  const Bytes whole = longStream(random, "").data();
  const Bytes half(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(whole.size() / 2));
  std::vector<InputFile> inputs;
  inputs.push_back(test::inputOf(half));
  const std::atomic<bool> written{false};
  OpenOptions options;
  options.written = &written;
  CancelFlag cancel;
  std::thread canceller([&cancel] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    cancel.set();
  });
  const OpenedImage opened = openImage(std::move(inputs), options, cancel);
  canceller.join();
  CHECK(opened.error.reason == "cancelled");
  CHECK(opened.image.blocks.empty());
}

TEST_CASE("pages of zeroes are counted alike by the index and by reading every page") {
  test::Random random(55);
  for (int round = 0; round < 4; ++round) {
    const Bytes bytes = longStream(random, "").data();
    const OpenedImage opened =
        round % 2 == 0 ? test::openBytes(bytes) : openWhileWritten(bytes, 95 + round);
    REQUIRE(opened.error.ok());
    const RamBlock& block = opened.image.blocks[0];
    REQUIRE(block.table->storedZeroes().has_value());
    Progress progress;
    const auto counted = blockStatistics(opened.image, block, true, progress, never);
    REQUIRE(counted.ok());
    CHECK(progress.done() == kPages);
    std::uint64_t zero = 0;
    for (std::uint64_t page = 0; page < kPages; ++page) {
      if (block.table->runAt(page).kind == PageKind::absent) continue;
      Bytes content(StreamBuilder::kPage);
      REQUIRE(opened.image.read(block, page * StreamBuilder::kPage, content).ok());
      zero += std::count(content.begin(), content.end(), 0) == StreamBuilder::kPage ? 1 : 0;
    }
    CHECK(counted.value.zeroContent == zero);
    CHECK(zero > counted.value.zero);
  }
}
