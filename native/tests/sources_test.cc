#include <doctest/doctest.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <string>

#include "core/ram/mapped_source.h"
#include "core/ram/process_source.h"
#include "tests/memory.h"
#include "tests/random.h"

using namespace drover;
using test::kPage;
using test::Stamps;

namespace {

Stamps randomStamps(std::size_t pages, std::uint64_t salt) {
  test::Random random(salt);
  Stamps stamps(pages);
  for (auto& stamp : stamps) stamp = random.byte();
  return stamps;
}

void checkSource(const PageSource& source, std::uint64_t start, const Stamps& stamps) {
  for (const std::size_t first : {std::size_t{0}, std::size_t{1}, stamps.size() - 1}) {
    Stamps found(stamps.size() - first);
    const Strided wanted{start + first * kPage, kPage, found.size()};
    REQUIRE(source.gather(wanted, defaultKernel(), found.data()).ok());
    CHECK(found == Stamps(stamps.begin() + static_cast<std::ptrdiff_t>(first), stamps.end()));
  }
  std::array<std::uint8_t, 2 * kPage> bytes{};
  REQUIRE(source.read(start + kPage, bytes).ok());
  CHECK(bytes[0] == stamps[1]);
  CHECK(bytes[1] == 0);
  CHECK(bytes[kPage] == stamps[2]);

  std::uint8_t byte = 0;
  const std::uint64_t end = start + stamps.size() * kPage;
  CHECK(source.read(end, {&byte, 1}).fault == Fault::outOfRange);
  CHECK(source.gather({end - kPage, kPage, 2}, defaultKernel(), bytes.data()).address == end);
}

}  // namespace

TEST_CASE("a mapping and pread give the stamps that are in the memory") {
  // More pages than one call of process_vm_readv takes, and than one granule of population holds.
  const Stamps stamps = randomStamps(3000, 6);
  const Descriptor memory = test::memfdWith(stamps);
  const auto file = test::fileSource(memory, 0x100000, stamps.size() * kPage);
  REQUIRE(file != nullptr);
  checkSource(*file, 0x100000, stamps);
  const auto mapped = MappedSource::open(file);
  REQUIRE(mapped.ok());
  checkSource(*mapped.value, 0x100000, stamps);
}

TEST_CASE("process_vm_readv gives the stamps of another process") {
  const Stamps stamps = randomStamps(3000, 7);
  auto* base = static_cast<std::uint8_t*>(::mmap(
      nullptr, stamps.size() * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  for (std::size_t i = 0; i < stamps.size(); ++i) base[i * kPage] = stamps[i];
  const pid_t child = ::fork();
  if (child == 0) {
    for (;;) ::pause();
  }
  const auto open = [&] {
    return ProcessSource::open(
        child, std::move(RegionTable::make({{0x100000, stamps.size() * kPage,
                                             reinterpret_cast<std::uintptr_t>(base)}})
                             .value));
  };
  const auto source = open();
  REQUIRE(source.ok());
  // What the child has, not what we have.
  for (std::size_t i = 0; i < stamps.size(); ++i) base[i * kPage] = 0;
  checkSource(*source.value, 0x100000, stamps);

  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  std::uint8_t byte = 0;
  const Status gone = source.value->read(0x100000, {&byte, 1});
  CHECK(gone.sysErrno == ESRCH);
  CHECK(std::string(gone.call) == "process_vm_readv");
  CHECK(open().status.sysErrno == ESRCH);
  ::munmap(base, stamps.size() * kPage);
}

TEST_CASE("a page that the process has not mapped is named by its guest address") {
  constexpr std::size_t kPages = 2000;
  constexpr std::size_t kHole = 1500;
  auto* base = static_cast<std::uint8_t*>(
      ::mmap(nullptr, kPages * kPage, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  ::munmap(base + kHole * kPage, kPage);
  const auto source = ProcessSource::open(
      ::getpid(), std::move(RegionTable::make({{0x100000, kPages * kPage,
                                                reinterpret_cast<std::uintptr_t>(base)}})
                                .value));
  REQUIRE(source.ok());
  Stamps out(kPages);
  const Status status =
      source.value->gather({0x100000, kPage, kPages}, defaultKernel(), out.data());
  CHECK(status.sysErrno == EFAULT);
  CHECK(status.address == 0x100000 + kHole * kPage);
  ::munmap(base, kHole * kPage);
  ::munmap(base + (kHole + 1) * kPage, (kPages - kHole - 1) * kPage);
}

TEST_CASE("stamps far apart and close together, over regions that end in the middle of a stretch") {
  constexpr std::size_t kPages = 6000;
  constexpr std::size_t kHole = 5001;
  auto* base = static_cast<std::uint8_t*>(
      ::mmap(nullptr, kPages * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  const Stamps bytes = randomStamps(kPages * 8, 8);
  for (std::size_t i = 0; i < bytes.size(); ++i) base[i * kPage / 8] = bytes[i];
  ::munmap(base + kHole * kPage, kPage);
  const auto host = reinterpret_cast<std::uintptr_t>(base);
  // Neighbours in the guest, the other way round in the process.
  constexpr std::size_t kCut = 70;
  constexpr std::size_t kEnd = kPages * kPage;
  const auto source = ProcessSource::open(
      ::getpid(), std::move(RegionTable::make({{0, kEnd - kCut * kPage, host + kCut * kPage},
                                               {kEnd - kCut * kPage, kCut * kPage, host}})
                                .value));
  REQUIRE(source.ok());
  const std::size_t hole = (kHole - kCut) * kPage;
  const std::size_t behind = hole + 16 * kPage - hole % (16 * kPage);
  for (const std::size_t step : {kPage / 8, kPage / 2, kPage, 2 * kPage, 16 * kPage}) {
    CAPTURE(step);
    const auto holds = [&](std::size_t from, std::size_t end) {
      Stamps out((end - from) / step);
      if (!source.value->gather({from, step, out.size()}, defaultKernel(), out.data()).ok())
        return false;
      for (std::size_t i = 0; i < out.size(); ++i) {
        if (out[i] != bytes[(from + i * step + kCut * kPage) % kEnd / (kPage / 8)]) return false;
      }
      return true;
    };
    CHECK(holds(0, hole));
    CHECK(holds(behind, kEnd));
    // Where no stamp lies in the missing page, it is not missed.
    Stamps out(kEnd / step);
    const Status all = source.value->gather({0, step, out.size()}, defaultKernel(), out.data());
    if (hole % step == 0)
      CHECK(all.address == hole);
    else
      CHECK(all.ok());
  }
  ::munmap(base, kHole * kPage);
  ::munmap(base + (kHole + 1) * kPage, (kPages - kHole - 1) * kPage);
}

TEST_CASE("only memory sealed against shrinking counts as safe to map") {
  CHECK(cannotShrink(test::memfdWith({1}).get()));
  CHECK_FALSE(cannotShrink(test::unsealedMemfd(kPage).get()));
}

TEST_CASE("a file that shrinks while it is open gives an error that names the address") {
  const Descriptor memory = test::unsealedMemfd(10 * kPage);
  const auto source = test::fileSource(memory, 0, 10 * kPage);
  REQUIRE(::ftruncate(memory.get(), 4 * kPage) == 0);
  Stamps out(10);
  const Status status = source->gather({0, kPage, 10}, defaultKernel(), out.data());
  CHECK(status.fault == Fault::tooSmall);
  CHECK(status.address == 4 * kPage);
}

TEST_CASE("a file shorter than its regions, a folder and a missing path are refused") {
  CHECK(test::fileSource(test::unsealedMemfd(kPage), 0, 2 * kPage) == nullptr);
  CHECK(openRegularFile("/").status.fault == Fault::badArgument);
  CHECK(openRegularFile("/nowhere/at-all").status.sysErrno == ENOENT);
}

TEST_CASE("reading through a mapped source brings no absent page into being") {
  const Descriptor memory = std::move(createMemfd("drover-test", 64 * kPage).value);
  const auto mapped = MappedSource::open(test::fileSource(memory, 0, 64 * kPage));
  std::array<std::uint8_t, 8> bytes{};
  REQUIRE(mapped.value->read(5 * kPage, bytes).ok());
  CHECK(::lseek(memory.get(), 0, SEEK_DATA) == -1);
  CHECK(errno == ENXIO);
}
