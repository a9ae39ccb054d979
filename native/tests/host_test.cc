#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "core/host/probes.h"
#include "core/host/reap.h"
#include "core/host/send_fds.h"
#include "core/host/spawn_child.h"
#include "core/thread.h"
#include "tests/memory.h"

using namespace drover;

namespace {

constexpr std::uint64_t kSecondNs = 1'000'000'000;

using Pair = std::array<Descriptor, 2>;

Pair pairOfSockets() {
  return std::move(createSocketPair().value);
}

// Takes one message; the descriptors that came with it are added to `fds`.
std::string receive(int socket, std::vector<Descriptor>& fds) {
  std::array<char, 4096> text{};
  iovec vector{text.data(), text.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(16 * sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t got = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  for (cmsghdr* head = CMSG_FIRSTHDR(&message); head != nullptr;
       head = CMSG_NXTHDR(&message, head)) {
    const std::size_t count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(head) + i * sizeof(int), sizeof fd);
      fds.push_back(Descriptor::own(fd));
    }
  }
  return got < 0 ? std::string() : std::string(text.data(), static_cast<std::size_t>(got));
}

std::span<const std::uint8_t> bytesOf(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace

TEST_CASE("descriptors arrive with their message, and lead to the same files") {
  const CancelFlag never;
  const Pair sockets = pairOfSockets();
  const Descriptor one = test::memfdWith({11});
  const Descriptor two = test::memfdWith({22});
  const std::array<int, 2> sent{one.get(), two.get()};
  REQUIRE(sendFds(sockets[0].get(), bytesOf("{\"execute\":1}"), sent, kSecondNs, never).ok());
  std::vector<Descriptor> received;
  CHECK(receive(sockets[1].get(), received) == "{\"execute\":1}");
  REQUIRE(received.size() == 2);
  std::uint8_t byte = 0;
  CHECK(::pread(received[0].get(), &byte, 1, 0) == 1);
  CHECK(byte == 11);
  CHECK(::pread(received[1].get(), &byte, 1, 0) == 1);
  CHECK(byte == 22);
}

TEST_CASE("a message longer than the socket's buffer is sent whole, with its descriptors once") {
  const Pair sockets = pairOfSockets();
  const std::string text(3'000'000, 'x');
  struct Sender {
    int socket;
    const std::string* text;
  } sender{sockets[0].get(), &text};
  const Thread thread = Thread::start(
      [](void* raw) {
        const auto* own = static_cast<const Sender*>(raw);
        const CancelFlag never;
        const std::array<int, 1> sent{own->socket};
        CHECK(sendFds(own->socket, bytesOf(*own->text), sent, 20 * kSecondNs, never).ok());
      },
      &sender);
  std::vector<Descriptor> received;
  std::size_t total = 0;
  while (total < text.size()) {
    const std::string part = receive(sockets[1].get(), received);
    REQUIRE(!part.empty());
    total += part.size();
  }
  CHECK(total == text.size());
  CHECK(received.size() == 1);
}

TEST_CASE("sending ends at its deadline when nobody reads, and at once when nobody can") {
  const CancelFlag never;
  Pair sockets = pairOfSockets();
  const std::string text(3'000'000, 'x');
  CHECK(sendFds(sockets[0].get(), bytesOf(text), {}, 30'000'000, never).fault == Fault::timedOut);
  { const Descriptor gone = std::move(sockets[1]); }
  CHECK(sendFds(sockets[0].get(), bytesOf("x"), {}, kSecondNs, never).sysErrno == EPIPE);
  CHECK(sendFds(sockets[0].get(), {}, {}, kSecondNs, never).fault == Fault::badArgument);
}

TEST_CASE("sending is cancelled while it waits") {
  CancelFlag cancel;
  cancel.set();
  const Pair sockets = pairOfSockets();
  const std::string text(3'000'000, 'x');
  CHECK(sendFds(sockets[0].get(), bytesOf(text), {}, kSecondNs, cancel).fault == Fault::cancelled);
}

TEST_CASE("a child is reaped once, with its exit code or signal") {
  const CancelFlag never;
  const pid_t exits = ::fork();
  if (exits == 0) ::_exit(7);
  const auto exited = reapChild(exits, 10 * kSecondNs, never);
  CHECK(exited.value.state == Reaped::State::exited);
  CHECK(exited.value.value == 7);
  CHECK(reapChild(exits, kSecondNs, never).value.state == Reaped::State::notAChild);

  const pid_t waits = ::fork();
  if (waits == 0) {
    for (;;) ::pause();
  }
  CHECK(reapChild(waits, 1'000'000, never).value.state == Reaped::State::running);
  ::kill(waits, SIGKILL);
  const auto ended = reapChild(waits, 10 * kSecondNs, never);
  CHECK(ended.value.state == Reaped::State::signalled);
  CHECK(ended.value.value == SIGKILL);
  CHECK(reapChild(-1, 0, never).status.fault == Fault::badArgument);
}

TEST_CASE("a memfd cannot be shrunk") {
  const Descriptor memory = test::memfdWith({1, 2});
  CHECK(::ftruncate(memory.get(), 1) == -1);
  CHECK(errno == EPERM);
}

TEST_CASE("a probe says yes, or why not") {
  const auto consistent = [](const Probe& probe) {
    return probe.available == probe.reason.empty();
  };
  CHECK(consistent(probeUserfaultfd()));
  const KvmProbe kvm = probeKvm();
  CHECK(consistent(kvm));
  CHECK((kvm.available || kvm.dirtyRingBytes == 0));
  CHECK((kvm.available || !kvm.guestMemfd));
  CHECK((kvm.guestMemfd || !kvm.guestMemfdShared));
  const Probe nowhere = probeDirectIo("/nowhere/at-all");
  CHECK_FALSE(nowhere.available);
  CHECK(nowhere.reason == "a file in the directory: No such file or directory");
}

TEST_CASE("the direct I/O probe leaves its directory empty") {
  std::string directory = "/tmp/drover-native-test-XXXXXX";
  REQUIRE(::mkdtemp(directory.data()) != nullptr);
  const Probe probe = probeDirectIo(directory.c_str());
  CHECK(probe.available == probe.reason.empty());
  CHECK(::rmdir(directory.c_str()) == 0);
}

TEST_CASE("a program is started with the descriptors that it is given, whatever their numbers") {
  std::array<int, 2> pipe{};
  REQUIRE(::pipe2(pipe.data(), O_CLOEXEC) == 0);
  const Descriptor reading = Descriptor::own(pipe[0]);
  Descriptor writing = Descriptor::own(pipe[1]);
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  const Descriptor nothing = Descriptor::own(null);
  const CancelFlag never;
  // the writing end as number 4, and something else at its own number
  const Result<pid_t> child =
      spawnChild({"/bin/sh",
                  {"sh", "-c", "printf \"$WORD\" >&4; pwd >&4; trap '' INT; exit 7"},
                  {"WORD=hello "},
                  "/",
                  {null, null, null, null, writing.get(), null}});
  REQUIRE(child.ok());
  writing = Descriptor();
  std::string text;
  std::array<char, 64> buffer{};
  for (;;) {
    const ssize_t got = ::read(reading.get(), buffer.data(), buffer.size());
    if (got <= 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  CHECK(text == "hello /\n");
  const auto ended = reapChild(child.value, 10 * kSecondNs, never);
  CHECK(ended.value.state == Reaped::State::exited);
  CHECK(ended.value.value == 7);
}

TEST_CASE("a program that cannot be started leaves no child") {
  const Result<pid_t> child = spawnChild({"/no/such/program", {"program"}, {}, "/", {}});
  CHECK(child.status.fault == Fault::system);
  CHECK(child.status.sysErrno == ENOENT);
  const Result<pid_t> nowhere = spawnChild({"/bin/true", {"true"}, {}, "/no/such/folder", {}});
  CHECK(nowhere.status.sysErrno == ENOENT);
}
