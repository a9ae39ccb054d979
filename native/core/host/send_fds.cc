#include "core/host/send_fds.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "core/clock.h"

namespace drover {
namespace {

// Longest wait between two checks of the cancel flag.
constexpr std::uint64_t kPollNs = 20'000'000;

// Sends what fits; the descriptors go with it unless `fds` is empty.
ssize_t sendOnce(int socket, std::span<const std::uint8_t> data,
                 std::span<const int> fds) noexcept {
  // SAFETY: sendmsg reads from the buffer only, though iovec lacks the const.
  iovec vector{const_cast<std::uint8_t*>(data.data()), data.size()};
  alignas(cmsghdr) std::array<std::uint8_t, CMSG_SPACE(kMostSentFds * sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  if (!fds.empty()) {
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(fds.size_bytes());
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(fds.size_bytes());
    std::memcpy(CMSG_DATA(header), fds.data(), fds.size_bytes());
  }
  return ::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

Status waitUntilWritable(int socket, std::uint64_t deadlineNs, const CancelFlag& cancel) noexcept {
  for (;;) {
    if (cancel.isSet()) return Status::of(Fault::cancelled, "sendmsg");
    const std::uint64_t nowNs = monotonicNs();
    if (nowNs >= deadlineNs) return Status::of(Fault::timedOut, "sendmsg");
    const std::uint64_t waitNs = std::min(deadlineNs - nowNs, kPollNs);
    pollfd wanted{socket, POLLOUT, 0};
    // Rounded up, so that the last part of a millisecond is not spent turning.
    const int ready = ::poll(&wanted, 1, static_cast<int>((waitNs + 999'999) / 1'000'000));
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return Status::system("poll", errno);
  }
}

}  // namespace

Status sendFds(int socket, std::span<const std::uint8_t> data, std::span<const int> fds,
               std::uint64_t timeoutNs, const CancelFlag& cancel) noexcept {
  if (data.empty()) return Status::of(Fault::badArgument, "descriptors need a byte to go with");
  if (fds.size() > kMostSentFds) return Status::of(Fault::badArgument, "too many descriptors");
  const std::uint64_t deadlineNs = monotonicNs() + timeoutNs;
  while (!data.empty()) {
    const ssize_t sent = sendOnce(socket, data, fds);
    if (sent > 0) {
      data = data.subspan(static_cast<std::size_t>(sent));
      fds = {};
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return Status::system("sendmsg", errno);
    const Status writable = waitUntilWritable(socket, deadlineNs, cancel);
    if (!writable.ok()) return writable;
  }
  return {};
}

}  // namespace drover
