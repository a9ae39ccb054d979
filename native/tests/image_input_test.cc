#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/wait.h>

#include <csignal>
#include <cstdlib>

#include "core/thread.h"
#include "tests/image_files.h"

namespace drover {
namespace {

using test::Bytes;
using test::kTestPage;

TEST_CASE("a file that shrinks while it is mapped gives an error where it was cut, not a signal") {
  Descriptor file = test::memoryFile(Bytes(8 * kTestPage, 7));
  const int fd = file.get();
  Descriptor kept = Descriptor::own(::dup(fd));
  const InputFile input = std::move(InputFile::open(std::move(file)).value);
  std::array<std::uint8_t, 16> out{};
  REQUIRE(input.read(5 * kTestPage, out).ok());
  REQUIRE(::ftruncate(kept.get(), 4096) == 0);
  const Status gone = input.read(5 * kTestPage, out);
  CHECK(gone.fault == Fault::tooSmall);
  CHECK(gone.address == 5 * kTestPage);
  CHECK(input.read(100, out).ok());
  CHECK(out[0] == 7);
}

TEST_CASE("a shrunk file is survived on threads whose signals are blocked, over and over") {
  Descriptor file = test::memoryFile(Bytes(4 * kTestPage, 7));
  Descriptor kept = Descriptor::own(::dup(file.get()));
  const InputFile input = std::move(InputFile::open(std::move(file)).value);
  REQUIRE(::ftruncate(kept.get(), 4096) == 0);
  struct Job {
    const InputFile& input;
    std::atomic<int> survived{0};
  } job{input};
  {
    std::array<Thread, 3> threads;
    for (Thread& thread : threads) {
      thread = Thread::start(
          [](void* raw) {
            Job& mine = *static_cast<Job*>(raw);
            std::array<std::uint8_t, 8> out{};
            for (int turn = 0; turn < 50; ++turn) {
              if (mine.input.read(2 * kTestPage, out).fault == Fault::tooSmall) ++mine.survived;
            }
          },
          &job);
    }
  }
  CHECK(job.survived == 150);
}

TEST_CASE("of two nested visits the one whose file was cut reports it") {
  Descriptor cut = test::memoryFile(Bytes(4 * kTestPage, 1));
  Descriptor kept = Descriptor::own(::dup(cut.get()));
  const InputFile outer = std::move(InputFile::open(std::move(cut)).value);
  const InputFile inner = test::inputOf(Bytes(4 * kTestPage, 2));
  REQUIRE(::ftruncate(kept.get(), 0) == 0);
  Status innerStatus;
  volatile std::uint8_t seen = 0;
  const Status outerStatus = outer.visit(0, 4096, [&](const std::uint8_t* a) {
    innerStatus = inner.visit(0, 4096, [&](const std::uint8_t* b) {
      seen = b[0];
      seen = a[0];
    });
  });
  CHECK(seen == 2);
  CHECK(outerStatus.fault == Fault::tooSmall);
  CHECK(innerStatus.ok());
  // The guard is whole again.
  std::array<std::uint8_t, 4> out{};
  CHECK(inner.read(0, out).ok());
  CHECK(outer.read(0, out).fault == Fault::tooSmall);
}

TEST_CASE("a bus error that no guard expects still ends the process") {
  Descriptor file = test::memoryFile(Bytes(2 * kTestPage, 1));
  const int fd = file.get();
  std::array<std::uint8_t, 1> out{};
  REQUIRE(test::inputOf(Bytes(10, 3)).read(0, out).ok());  // installs the handler
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGABRT, SIG_DFL);
    // Sanitizers turn the signal into an exit; either way the process must not go on.
    const int null = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    ::dup2(null, 2);
    auto* const base = static_cast<volatile std::uint8_t*>(
        ::mmap(nullptr, 2 * kTestPage, PROT_READ, MAP_SHARED, fd, 0));
    if (::ftruncate(fd, 0) != 0) ::_exit(0);
    static_cast<void>(base[0]);
    ::_exit(0);
  }
  int state = 0;
  REQUIRE(::waitpid(child, &state, 0) == child);
  CHECK_FALSE((WIFEXITED(state) && WEXITSTATUS(state) == 0));
}

TEST_CASE("reading beyond the end, or past 2^64, is refused") {
  const InputFile input = test::inputOf(Bytes(100, 1));
  std::array<std::uint8_t, 10> out{};
  CHECK(input.read(90, out).ok());
  CHECK(input.read(91, out).fault == Fault::tooSmall);
  CHECK(input.read(~std::uint64_t{0}, out).fault == Fault::tooSmall);
  CHECK(input.read(~std::uint64_t{0} - 4, out).fault == Fault::tooSmall);
}

TEST_CASE("holes are found, and the caller's file position is left alone") {
  Descriptor file = Descriptor::own(::memfd_create("drover-test", MFD_CLOEXEC));
  REQUIRE(::ftruncate(file.get(), 1 << 22) == 0);
  REQUIRE(::pwrite(file.get(), "x", 1, 1 << 20) == 1);
  REQUIRE(::lseek(file.get(), 123, SEEK_SET) == 123);
  Descriptor kept = Descriptor::own(::dup(file.get()));
  const InputFile input = std::move(InputFile::open(std::move(file)).value);
  CHECK(input.nextData(0) == 1 << 20);
  CHECK(input.nextHole(1 << 20) > 1 << 20);
  CHECK(input.nextData(2 << 20) == input.size());
  CHECK(input.nextData(input.size() + 5) == input.size());
  CHECK(::lseek(kept.get(), 0, SEEK_CUR) == 123);
}

TEST_CASE("what is not a regular file is refused") {
  std::array<int, 2> ends{};
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
  Descriptor other = Descriptor::own(ends[1]);
  CHECK(InputFile::open(Descriptor::own(ends[0])).status.fault == Fault::badArgument);
  CHECK(InputFile::open(test::memoryFile({})).ok());
}

}  // namespace
}  // namespace drover
