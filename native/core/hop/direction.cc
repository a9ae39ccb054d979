#include "core/hop/direction.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>

namespace drover {
namespace {

constexpr std::size_t kMostAtOnce = 1 << 20;
constexpr int kStepsAtOnce = 64;

bool isForLater(int error) noexcept {
  return error == EAGAIN || error == EINTR;
}

}  // namespace

Result<Direction> Direction::open(int from, int to, Taken& taken, int pipeBytes) noexcept {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_NONBLOCK | O_CLOEXEC) != 0) {
    return Result<Direction>::failed(Status::system("pipe2", errno));
  }
  if (pipeBytes > 0) ::fcntl(ends[1], F_SETPIPE_SZ, pipeBytes);
  Direction out;
  out.from_ = from;
  out.to_ = to;
  out.taken_ = &taken;
  for (std::size_t i = 0; i < ends.size(); ++i) out.pipe_[i] = Descriptor::own(ends[i]);
  return Result<Direction>::of(std::move(out));
}

Direction::State Direction::advance() noexcept {
  for (int step = 0; step < kStepsAtOnce; ++step) {
    const Step filled = fill();
    const Step drained = filled == Step::failed ? filled : drain();
    if (drained == Step::failed) return State::broken;
    if (hasEnded_ && held_ == 0) return end();
    if (filled == Step::none && drained == Step::none) return State::waits;
  }
  return State::busy;
}

Direction::Step Direction::fill() noexcept {
  if (hasEnded_) return Step::none;
  if (taken_->firstByte < 0) {
    // Nothing is taken before the first byte was seen: it may arrive between the two calls.
    unsigned char byte = 0;
    const ssize_t seen = ::recv(from_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (seen < 0) return isForLater(errno) ? Step::none : Step::failed;
    if (seen == 1) taken_->firstByte = byte;
  }
  const ssize_t got = ::splice(from_, nullptr, pipe_[1].get(), nullptr, kMostAtOnce,
                               SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  if (got < 0) return isForLater(errno) ? Step::none : Step::failed;
  if (got == 0) {
    hasEnded_ = true;
    return Step::moved;
  }
  held_ += static_cast<std::uint64_t>(got);
  taken_->bytes += static_cast<std::uint64_t>(got);
  return Step::moved;
}

Direction::Step Direction::drain() noexcept {
  if (held_ == 0) return Step::none;
  const ssize_t sent =
      ::splice(pipe_[0].get(), nullptr, to_, nullptr, held_, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  if (sent < 0) return isForLater(errno) ? Step::none : Step::failed;
  held_ -= static_cast<std::uint64_t>(sent);
  return sent == 0 ? Step::none : Step::moved;
}

Direction::State Direction::end() noexcept {
  if (!isShut_ && ::shutdown(to_, SHUT_WR) != 0) return State::broken;
  isShut_ = true;
  return State::ended;
}

}  // namespace drover
