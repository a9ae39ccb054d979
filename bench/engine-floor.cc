// Files for engine.mjs with known content, and the least time that reading them can take. Takes one
// command a line on standard input and answers with one line. Leaves out all checks of its input.
//
// Pages are stamped as guests do at level `page`; the formula is repeated here, so
// that an answer does not depend on the checker's own. Page p lies at guest address p * 4096.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/stream_builder.h"

namespace {

using drover::test::StreamBuilder;

constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kWords = kPage / 8;
constexpr const char* kBlock = "pc.ram";

double nowMs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

struct Content {
  std::uint64_t bytes = 0;            // length of guest memory
  std::uint64_t edge = 0;             // first page of the generation before
  std::uint64_t generation = 0;       // of the pages before the edge
  std::uint64_t stride = 0;           // sparse: bytes from one run of pages to the next,
  std::uint64_t run = 0;              // bytes of a run; 0: memory is full
  std::vector<std::uint8_t> program;  // if any: the pages are its pages instead of stamped ones
};

using Page = std::array<std::uint64_t, kWords>;

void stamp(Page& page, std::uint64_t number, const Content& content) {
  const std::uint64_t address = number * kPage;
  const std::uint64_t generation = content.generation - (number < content.edge ? 0 : 1);
  page[0] = generation;
  page[1] = address;
  for (std::uint64_t i = 2; i < kWords; ++i) {
    std::uint64_t x = (address + 8 * i) ^ (generation * 0x9E3779B97F4A7C15U);
    x ^= x >> 32;
    x *= 0xD6E8FEB86659FD93U;
    page[i] = x ^ (x >> 32);
  }
}

// Like the memory of a machine in use: every fourth page is zero, the others are those of a
// program, again and again.
void takePage(Page& page, std::uint64_t number, const Content& content) {
  page.fill(0);
  if (number % 4 == 3) return;
  const std::uint64_t pages = content.program.size() / kPage;
  std::memcpy(page.data(), content.program.data() + number % pages * kPage, kPage);
}

// How many of all pages are zero.
std::uint64_t zeroPages(const Content& content) {
  std::uint64_t count = 0;
  Page page{};
  for (std::uint64_t number = 0; number < content.bytes / kPage; ++number) {
    takePage(page, number, content);
    count += page == Page{} ? 1 : 0;
  }
  return count;
}

std::vector<std::uint8_t> contentOf(const char* path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

bool isThere(std::uint64_t number, const Content& content) {
  return content.run == 0 || number * kPage % content.stride < content.run;
}

// Calls write(page number, page) for all pages that are there.
template <class Write>
void eachPage(const Content& content, Write write) {
  Page page{};
  for (std::uint64_t number = 0; number < content.bytes / kPage; ++number) {
    if (!isThere(number, content)) {
      number += (content.stride - content.run) / kPage - 1;
      continue;
    }
    if (content.program.empty()) {
      stamp(page, number, content);
    } else {
      takePage(page, number, content);
    }
    write(number, page);
  }
}

// At most a quarter of a MiB at a time, at any place of a file.
class Output {
 public:
  explicit Output(const char* path) : fd_(open(path, O_CREAT | O_TRUNC | O_RDWR, 0600)) {}
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  ~Output() {
    flush();
    // What is written back later would disturb the measurement.
    fdatasync(fd_);
    close(fd_);
  }
  void at(std::uint64_t place) {
    if (place == start_ + length_) return;
    flush();
    start_ = place;
  }
  void put(const void* bytes, std::size_t length) {
    if (length_ + length > buffer_.size()) flush();
    std::memcpy(buffer_.data() + length_, bytes, length);
    length_ += length;
  }
  void put(const StreamBuilder& bytes) { put(bytes.data().data(), bytes.data().size()); }
  void resize(std::uint64_t bytes) {
    flush();
    failed_ = failed_ || ftruncate(fd_, static_cast<off_t>(bytes)) != 0;
  }
  [[nodiscard]] bool good() {
    flush();
    return !failed_;
  }

 private:
  void flush() {
    const ssize_t wrote = pwrite(fd_, buffer_.data(), length_, static_cast<off_t>(start_));
    failed_ = failed_ || wrote != static_cast<ssize_t>(length_);
    start_ += length_;
    length_ = 0;
  }
  int fd_;
  std::array<std::uint8_t, std::size_t{1} << 18> buffer_{};
  std::uint64_t start_ = 0;
  std::size_t length_ = 0;
  bool failed_ = false;
};

bool makeRaw(const char* path, const Content& content) {
  Output out(path);
  eachPage(content, [&](std::uint64_t number, const Page& page) {
    out.at(number * kPage);
    out.put(page.data(), kPage);
  });
  out.resize(content.bytes);
  return out.good();
}

bool makeStream(const char* path, const Content& content) {
  constexpr std::uint64_t kPagesOfChunk = 4096;
  Output out(path);
  StreamBuilder head;
  head.header().machine("pc-i440fx-10.2").startRam().blockList({{kBlock, content.bytes}});
  out.put(head.endChunk().partRam());
  std::uint64_t count = 0;
  eachPage(content, [&](std::uint64_t number, const Page& page) {
    StreamBuilder record;
    if (count > 0 && count % kPagesOfChunk == 0) record.endChunk().partRam();
    const bool zero = page == Page{};
    record.word(number, zero ? 0x02 : 0x08, count % kPagesOfChunk == 0 ? kBlock : "");
    if (zero) record.u8(0);
    out.put(record);
    if (!zero) out.put(page.data(), kPage);
    ++count;
  });
  out.put(StreamBuilder().endChunk().lastRam().endChunk().end());
  return out.good();
}

bool makeMapped(const char* path, const Content& content) {
  constexpr std::uint64_t kAligned = std::uint64_t{1} << 20;
  Output out(path);
  StreamBuilder head;
  head.header().machine("pc-i440fx-10.2").capability("mapped-ram").startRam();
  head.u64(content.bytes | 4).name(kBlock).u64(content.bytes).u32(1).u64(kPage);
  const std::uint64_t bitmap = head.size() + 16;
  const std::uint64_t words = (content.bytes / kPage + 63) / 64;
  const std::uint64_t pages = (bitmap + words * 8 + kAligned - 1) / kAligned * kAligned;
  head.u64(bitmap).u64(pages);
  out.put(head);
  for (std::uint64_t word = 0; word < words; ++word) {
    std::uint64_t bits = 0;
    for (std::uint64_t bit = 0; bit < 64; ++bit) {
      const std::uint64_t number = word * 64 + bit;
      const bool set = number < content.bytes / kPage && isThere(number, content);
      bits |= static_cast<std::uint64_t>(set) << bit;
    }
    out.put(&bits, sizeof bits);
  }
  eachPage(content, [&](std::uint64_t number, const Page& page) {
    out.at(pages + number * kPage);
    out.put(page.data(), kPage);
  });
  out.at(pages + content.bytes);
  out.put(StreamBuilder().endChunk().partRam().endChunk().lastRam().endChunk().end());
  return out.good();
}

// The reads alone, mapping included. The sum is the answer that is checked.
std::uint64_t sumOf(const char* path, std::uint64_t bytes, std::uint64_t step) {
  const int fd = open(path, O_RDONLY);
  void* base = mmap(nullptr, bytes, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
  close(fd);
  if (base == MAP_FAILED) return 0;
  const auto* const start = static_cast<const std::uint8_t*>(base);
  std::uint64_t sum = 0;
  if (step == 8) {
    for (std::uint64_t at = 0; at < bytes; at += 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, start + at, 8);
      sum += word;
    }
  } else {
    for (std::uint64_t at = 0; at < bytes; at += step) sum += start[at];
  }
  munmap(base, bytes);
  return sum;
}

// How many of the first `bytes` are equal, by memcmp() over both mappings, a MiB at a time.
std::uint64_t equalBytes(const char* path, const char* other, std::uint64_t bytes) {
  constexpr std::uint64_t kStretch = std::uint64_t{1} << 20;
  std::array<const std::uint8_t*, 2> bases{};
  for (std::size_t i = 0; i < bases.size(); ++i) {
    const int fd = open(i == 0 ? path : other, O_RDONLY);
    void* base = mmap(nullptr, bytes, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
    close(fd);
    if (base == MAP_FAILED) return 0;
    bases[i] = static_cast<const std::uint8_t*>(base);
  }
  std::uint64_t equal = 0;
  while (equal < bytes && std::memcmp(bases[0] + equal, bases[1] + equal, kStretch) == 0) {
    equal += kStretch;
  }
  for (const std::uint8_t* base : bases) munmap(const_cast<std::uint8_t*>(base), bytes);
  return equal;
}

}  // namespace

int main() {
  std::array<char, 4096> line{};
  std::array<char, 2048> path{};
  std::array<char, 2048> source{};
  std::array<char, 16> what{};
  Content content;
  std::uint64_t bytes = 0;
  while (std::fgets(line.data(), line.size(), stdin) != nullptr) {
    if (std::sscanf(line.data(),
                    "make %15s %2047s %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64,
                    what.data(), path.data(), &content.bytes, &content.edge, &content.generation,
                    &content.stride, &content.run) == 7) {
      const std::string kind = what.data();
      const bool good = kind == "raw"      ? makeRaw(path.data(), content)
                        : kind == "stream" ? makeStream(path.data(), content)
                                           : makeMapped(path.data(), content);
      std::puts(good ? "ok" : "cannot write");
    } else if (std::sscanf(line.data(), "program %2047s %" SCNu64 " %2047s", path.data(), &bytes,
                           source.data()) == 3) {
      Content used;
      used.bytes = bytes;
      used.program = contentOf(source.data());
      if (used.program.size() >= kPage && makeStream(path.data(), used)) {
        std::printf("ok %" PRIu64 "\n", zeroPages(used));
      } else {
        std::puts("cannot make it");
      }
    } else if (std::sscanf(line.data(), "sum %15s %2047s %" SCNu64, what.data(), path.data(),
                           &bytes) == 3) {
      const double startMs = nowMs();
      const std::uint64_t sum =
          sumOf(path.data(), bytes, std::strcmp(what.data(), "words") == 0 ? 8 : kPage);
      std::printf("%.6f %" PRIu64 "\n", nowMs() - startMs, sum);
    } else if (std::sscanf(line.data(), "equal %2047s %2047s %" SCNu64, path.data(), source.data(),
                           &bytes) == 3) {
      const double startMs = nowMs();
      const std::uint64_t equal = equalBytes(path.data(), source.data(), bytes);
      std::printf("%.6f %" PRIu64 "\n", nowMs() - startMs, equal);
    } else {
      std::puts("what?");
    }
    std::fflush(stdout);
  }
  return 0;
}
