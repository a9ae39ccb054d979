#include "core/host/pulses.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "core/clock.h"

using namespace drover;

namespace {

std::string fresh(const char* name) {
  return "/tmp/drover-pulses-" + std::to_string(::getpid()) + name;
}

// the number of times, as soon as there are that many, or after a long wait
std::size_t waitTimes(const Pulses& pulses, std::size_t wanted) {
  for (int i = 0; i < 2000 && pulses.times().size() < wanted; ++i) sleepNs(5'000'000);
  return pulses.times().size();
}

}  // namespace

TEST_CASE("pulses are the moments at which bytes came out of a FIFO") {
  const std::string path = fresh("a");
  auto pulses = Pulses::open(path);
  REQUIRE(pulses.ok());
  const Descriptor end = Descriptor::own(::open(path.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC));
  REQUIRE(end.isOpen());
  CHECK(pulses.value->times().empty());
  const double before = static_cast<double>(realtimeNs()) / 1e6;
  for (std::size_t i = 1; i <= 5; ++i) {
    REQUIRE(::write(end.get(), "x", 1) == 1);
    REQUIRE(waitTimes(*pulses.value, i) == i);
  }
  const auto times = pulses.value->times();
  CHECK(std::is_sorted(times.begin(), times.end()));
  CHECK(times.front() >= before);
  CHECK(times.back() <= static_cast<double>(realtimeNs()) / 1e6);
}

TEST_CASE("a writer that goes and another that comes are read alike") {
  const std::string path = fresh("b");
  auto pulses = Pulses::open(path);
  REQUIRE(pulses.ok());
  for (std::size_t i = 1; i <= 3; ++i) {
    const Descriptor end = Descriptor::own(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    REQUIRE(::write(end.get(), "x", 1) == 1);
    REQUIRE(waitTimes(*pulses.value, i) == i);
  }
}

TEST_CASE("a FIFO that cannot be made is an error, and one that was made is removed") {
  const std::string path = fresh("c");
  struct stat facts {};
  {
    auto pulses = Pulses::open(path);
    REQUIRE(pulses.ok());
    CHECK(::stat(path.c_str(), &facts) == 0);
    const auto second = Pulses::open(path);
    CHECK(second.status.fault == Fault::system);
    CHECK(second.status.sysErrno == EEXIST);
  }
  CHECK(::stat(path.c_str(), &facts) != 0);
  CHECK(Pulses::open("/nowhere/fifo").status.sysErrno == ENOENT);
}
