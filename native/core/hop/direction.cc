#include "core/hop/direction.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "core/clock.h"

namespace drover {
namespace {

constexpr std::size_t kMostAtOnce = 1 << 20;
constexpr std::size_t kCopyAtOnce = 1 << 14;
constexpr int kStepsAtOnce = 64;
// At a limited rate this share of a second may go at once.
constexpr double kBurstSeconds = 0.05;

bool isForLater(int error) noexcept {
  return error == EAGAIN || error == EINTR;
}

}  // namespace

Result<Direction> Direction::open(int from, int to, Traffic& traffic, int pipeBytes) noexcept {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_NONBLOCK | O_CLOEXEC) != 0) {
    return Result<Direction>::failed(Status::system("pipe2", errno));
  }
  if (pipeBytes > 0) ::fcntl(ends[1], F_SETPIPE_SZ, pipeBytes);
  Direction out;
  out.from_ = from;
  out.to_ = to;
  out.traffic_ = &traffic;
  for (std::size_t i = 0; i < ends.size(); ++i) out.pipe_[i] = Descriptor::own(ends[i]);
  return Result<Direction>::of(std::move(out));
}

void Direction::add(const HopFault& fault) noexcept {
  const auto after = [](std::uint64_t at, const HopFault& other) { return at < other.at; };
  faults_.insert(std::upper_bound(faults_.begin(), faults_.end(), fault.at, after), fault);
}

void Direction::heal() noexcept {
  faults_.clear();
  if (mode_ != Mode::cuts) mode_ = Mode::passes;
  holdBack_ = 0;
  toDrop_ = 0;
  toFlip_ = -1;
  untilNs_ = 0;
  bytesPerSecond_ = 0;
}

Direction::State Direction::advance() noexcept {
  for (int step = 0; step < kStepsAtOnce; ++step) {
    if (receiverGone_) return State::receiverGone;
    const Step filled = fill();
    const Step drained = drain();
    receiverGone_ = drained == Step::failed;
    if (receiverGone_) return State::receiverGone;
    // Whatever ends this direction, what was taken before arrives first.
    if (held_ == 0 && kept_.empty()) {
      if (mode_ == Mode::cuts) return State::cut;
      if (mode_ == Mode::shuts) return shut() ? State::waits : State::receiverGone;
      if (mode_ == Mode::passes && isReset_) return State::senderGone;
      if (mode_ == Mode::passes && hasEnded_) return shut() ? State::ended : State::receiverGone;
    }
    if (filled == Step::none && drained == Step::none) return State::waits;
  }
  return State::busy;
}

Direction::Step Direction::fill() noexcept {
  while (!faults_.empty() && faults_.front().at <= traffic_->taken) {
    begin(faults_.front());
    faults_.pop_front();
  }
  if (kept_.size() > holdBack_) return push();
  if (hasEnded_ || !mayRead()) return Step::none;
  if (traffic_->firstByte < 0 && peek() == Step::none) return Step::none;
  const std::size_t most = room();
  if (most == 0) return Step::none;
  if (mode_ == Mode::swallows) return copy(most, false);
  if (toDrop_ > 0) return copy(std::min<std::uint64_t>(most, toDrop_), false);
  if (toFlip_ >= 0) return copy(1, true);
  if (holdBack_ > 0) return copy(most, true);
  return splice(most);
}

// Nothing is taken before the first byte was seen: it may arrive between two calls.
Direction::Step Direction::peek() noexcept {
  unsigned char byte = 0;
  const ssize_t seen = ::recv(from_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (seen == 1) traffic_->firstByte = byte;
  return seen < 0 && isForLater(errno) ? Step::none : Step::moved;
}

void Direction::begin(const HopFault& fault) noexcept {
  switch (fault.action) {
    case HopAction::stall:
      mode_ = Mode::stalls;
      break;
    case HopAction::blackhole:
      mode_ = Mode::swallows;
      break;
    case HopAction::halfClose:
      mode_ = Mode::shuts;
      break;
    case HopAction::fin:
    case HopAction::rst:
      mode_ = Mode::cuts;
      cutting_ = fault;
      break;
    case HopAction::drop:
      toDrop_ += fault.amount;
      break;
    case HopAction::flip:
      toFlip_ = static_cast<int>(fault.amount % 8);
      break;
    case HopAction::delay:
      untilNs_ = monotonicNs() + fault.amount;
      break;
    case HopAction::holdBack:
      holdBack_ = std::min(fault.amount, kHoldBackMax);
      break;
    case HopAction::rate:
      bytesPerSecond_ = std::max<std::uint64_t>(fault.amount, 1);
      allowance_ = 0;
      allowedNs_ = monotonicNs();
      break;
  }
  traffic_->faultNs = monotonicNs();
  ++traffic_->faults;
}

bool Direction::mayRead() noexcept {
  if (mode_ != Mode::passes && mode_ != Mode::swallows) return false;
  if (untilNs_ == 0) return true;
  if (monotonicNs() < untilNs_) return false;
  untilNs_ = 0;
  return true;
}

// Up to the next fault, and as the rate allows.
std::size_t Direction::room() noexcept {
  std::uint64_t most = kMostAtOnce;
  if (!faults_.empty()) most = std::min(most, faults_.front().at - traffic_->taken);
  if (bytesPerSecond_ == 0) return most;
  const std::uint64_t nowNs = monotonicNs();
  const auto perSecond = static_cast<double>(bytesPerSecond_);
  allowance_ += perSecond * static_cast<double>(nowNs - allowedNs_) / 1e9;
  allowance_ = std::min(allowance_, std::max(1.0, perSecond * kBurstSeconds));
  allowedNs_ = nowNs;
  return std::min(most, static_cast<std::uint64_t>(allowance_));
}

Direction::Step Direction::splice(std::size_t most) noexcept {
  const ssize_t got =
      ::splice(from_, nullptr, pipe_[1].get(), nullptr, most, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  if (got > 0) held_ += static_cast<std::uint64_t>(got);
  return took(got);
}

Direction::Step Direction::copy(std::size_t most, bool keep) noexcept {
  std::array<char, kCopyAtOnce> bytes{};
  const ssize_t got = ::recv(from_, bytes.data(), std::min(most, bytes.size()), MSG_DONTWAIT);
  const Step step = took(got);
  if (got <= 0) return step;
  const auto count = static_cast<std::uint64_t>(got);
  if (!keep) {
    traffic_->dropped += count;
    toDrop_ -= std::min(toDrop_, count);
    return step;
  }
  if (toFlip_ >= 0) {
    const auto first = static_cast<unsigned char>(bytes[0]);
    bytes[0] = static_cast<char>(first ^ (1U << static_cast<unsigned>(toFlip_)));
    toFlip_ = -1;
  }
  kept_.insert(kept_.end(), bytes.begin(), bytes.begin() + got);
  return step;
}

// What the sender gave: bytes, its end, or its reset.
Direction::Step Direction::took(ssize_t got) noexcept {
  if (got < 0 && isForLater(errno)) return Step::none;
  if (got <= 0) {
    hasEnded_ = true;
    isReset_ = got < 0;
    return Step::moved;
  }
  const auto count = static_cast<std::uint64_t>(got);
  if (bytesPerSecond_ != 0) allowance_ -= static_cast<double>(count);
  traffic_->lastNs = monotonicNs();
  if (traffic_->taken == 0) traffic_->firstNs = traffic_->lastNs.load();
  traffic_->taken += count;
  return Step::moved;
}

// What was read goes into the pipe, but for what is held back.
Direction::Step Direction::push() noexcept {
  std::array<char, kCopyAtOnce> bytes{};
  const std::size_t count = std::min<std::size_t>(bytes.size(), kept_.size() - holdBack_);
  std::copy_n(kept_.begin(), count, bytes.begin());
  const ssize_t done = ::write(pipe_[1].get(), bytes.data(), count);
  if (done <= 0) return Step::none;  // full
  kept_.erase(kept_.begin(), kept_.begin() + done);
  held_ += static_cast<std::uint64_t>(done);
  return Step::moved;
}

Direction::Step Direction::drain() noexcept {
  if (held_ == 0) return Step::none;
  const ssize_t sent =
      ::splice(pipe_[0].get(), nullptr, to_, nullptr, held_, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  if (sent < 0) return isForLater(errno) ? Step::none : Step::failed;
  held_ -= static_cast<std::uint64_t>(sent);
  traffic_->passed += static_cast<std::uint64_t>(sent);
  return sent == 0 ? Step::none : Step::moved;
}

bool Direction::shut() noexcept {
  if (!isShut_ && ::shutdown(to_, SHUT_WR) != 0) return false;
  isShut_ = true;
  return true;
}

}  // namespace drover
