// Captures of real migrations with known content, from src/memory/fixtures/samples or the folder
// that DROVER_SAMPLES names.
#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/checks/read_block.h"
#include "core/stream/find_stream.h"
#include "core/stream/json_reader.h"
#include "tests/random.h"
#include "tests/stream_image.h"

using namespace drover;
using test::Bytes;

namespace {

struct ExpectedBlock {
  std::string name;
  std::string sha256;
};

struct Sample {
  std::string name;
  std::vector<std::string> files;
  std::vector<ExpectedBlock> blocks;
};

std::filesystem::path samplesFolder() {
  if (const char* given = std::getenv("DROVER_SAMPLES")) return given;
  return std::filesystem::path(DROVER_SOURCE_DIR) / "src" / "memory" / "fixtures" / "samples";
}

std::string take(JsonReader& json) {
  return std::string(json.string().value_or(""));
}

bool readBlock(JsonReader& json, ExpectedBlock& block) {
  return json.object([&](std::string_view key) {
    if (key == "name") return !(block.name = take(json)).empty();
    if (key == "sha256") return !(block.sha256 = take(json)).empty();
    return json.skip();
  });
}

bool readSample(JsonReader& json, Sample& sample) {
  return json.object([&](std::string_view key) {
    if (key == "name") return !(sample.name = take(json)).empty();
    if (key == "files") {
      return json.array([&] {
        return json.object([&](std::string_view part) {
          if (part != "file") return json.skip();
          return !sample.files.emplace_back(take(json)).empty();
        });
      });
    }
    if (key == "blocks") {
      return json.array([&] { return readBlock(json, sample.blocks.emplace_back()); });
    }
    return json.skip();
  });
}

std::vector<Sample> readManifest(const std::string& text) {
  std::vector<Sample> samples;
  JsonReader json(text);
  const bool whole = json.object([&](std::string_view key) {
    if (key != "samples") return json.skip();
    return json.array([&] { return readSample(json, samples.emplace_back()); });
  });
  REQUIRE(whole);
  return samples;
}

Bytes unpack(const std::filesystem::path& path) {
  Bytes bytes;
  FILE* const pipe = ::popen(("xz -dc '" + path.string() + "'").c_str(), "r");
  if (pipe == nullptr) return bytes;
  Bytes piece(std::size_t{1} << 16U);
  while (const std::size_t count = std::fread(piece.data(), 1, piece.size(), pipe)) {
    bytes.insert(bytes.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(count));
  }
  ::pclose(pipe);
  return bytes;
}

Bytes contentOf(const test::Parsed& parsed, const RamBlock& block) {
  Bytes content(block.length);
  const CancelFlag never;
  if (!readBlock(parsed.image, block, 0, content, never).ok()) content.clear();
  return content;
}

std::string hashOf(const Bytes& content) {
  const Descriptor file = test::memfdOf(content);
  const std::string path =
      "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(file.get());
  FILE* const pipe = ::popen(("sha256sum " + path).c_str(), "r");
  if (pipe == nullptr) return {};
  std::string hex(64, ' ');
  hex.resize(std::fread(hex.data(), 1, hex.size(), pipe));
  ::pclose(pipe);
  return hex;
}

// Cut at random places: an error, or the same memory.
void cutAtRandom(test::Random& random, const std::vector<Bytes>& files, const OpenOptions& options,
                 const std::vector<Bytes>& contents) {
  for (int round = 0; round < 10; ++round) {
    std::vector<Bytes> cut = files;
    Bytes& file = cut[random.upTo(cut.size() - 1)];
    file.resize(random.upTo(file.size() - 1));
    const test::Parsed parsed = test::parse(cut, options);
    if (!parsed.error.ok()) continue;
    REQUIRE(parsed.image.blocks.size() == contents.size());
    for (std::size_t i = 0; i < contents.size(); ++i) {
      REQUIRE((contentOf(parsed, parsed.image.blocks[i]) == contents[i]));
    }
  }
}

}  // namespace

// No thread is started here, and to run sha256sum takes the thread sanitizer minutes.
#ifdef __SANITIZE_THREAD__
constexpr bool kSkipSamples = true;
#else
constexpr bool kSkipSamples = false;
#endif

TEST_CASE("every captured migration gives the memory that its guest had" *
          doctest::skip(kSkipSamples)) {
  const std::filesystem::path folder = samplesFolder();
  std::ifstream in(folder / "manifest.json");
  if (!in) {
    MESSAGE("skipped: no samples in " << folder.string());
    return;
  }
  std::stringstream text;
  text << in.rdbuf();
  test::Random random(71);
  int decoded = 0;
  for (const Sample& sample : readManifest(text.str())) {
    if (sample.blocks.empty()) continue;  // dumps, and captures that are broken on purpose
    CAPTURE(sample.name);
    std::vector<Bytes> files;
    for (const std::string& file : sample.files) files.push_back(unpack(folder / file));
    OpenOptions options;
    const auto whole = InputFile::open(test::memfdOf(files[0]));
    options.fileOffset = findStream(whole.value, 0, whole.value.size()).value_or(0);
    const test::Parsed parsed = test::parse(files, options);
    REQUIRE(parsed.error.reason == "");
    CHECK(parsed.report.completeness >= Completeness::complete);
    REQUIRE(parsed.image.blocks.size() == sample.blocks.size());
    std::vector<Bytes> contents;
    for (std::size_t i = 0; i < sample.blocks.size(); ++i) {
      CAPTURE(sample.blocks[i].name);
      CHECK(parsed.image.blocks[i].name == sample.blocks[i].name);
      contents.push_back(contentOf(parsed, parsed.image.blocks[i]));
      CHECK(hashOf(contents.back()) == sample.blocks[i].sha256);
    }
    constexpr std::size_t kSmall = std::size_t{4} << 20U;
    if (files[0].size() < kSmall) cutAtRandom(random, files, options, contents);
    decoded += 1;
  }
  CHECK(decoded > 0);
}
