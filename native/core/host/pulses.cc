#include "core/host/pulses.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <new>

#include "core/clock.h"

namespace drover {
namespace {

// how soon the thread sees that it is to stop
constexpr int kGlanceMs = 50;

}  // namespace

Result<std::unique_ptr<Pulses>> Pulses::open(const std::string& path) noexcept {
  using Out = Result<std::unique_ptr<Pulses>>;
  if (::mkfifo(path.c_str(), 0600) != 0) return Out::failed(Status::system("mkfifo", errno));
  std::unique_ptr<Pulses> out(new (std::nothrow) Pulses(path));
  if (!out) {
    ::unlink(path.c_str());
    return Out::failed(Status::system("memory for pulses", ENOMEM));
  }
  out->fifo_ = Descriptor::own(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!out->fifo_.isOpen()) return Out::failed(Status::system("open of a FIFO", errno));
  out->writer_ = Descriptor::own(::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
  if (!out->writer_.isOpen()) return Out::failed(Status::system("open of a FIFO", errno));
  out->thread_ = Thread::start([](void* self) { static_cast<Pulses*>(self)->work(); }, out.get());
  if (!out->thread_.started()) return Out::failed(Status::system("start of a thread", EAGAIN));
  return Out::of(std::move(out));
}

Pulses::~Pulses() {
  stop_ = true;
  thread_.join();
  ::unlink(path_.c_str());
}

std::vector<double> Pulses::times() const noexcept {
  const std::lock_guard hold(lock_);
  return {times_.begin(), times_.end()};
}

void Pulses::work() noexcept {
  wakeOnTime();
  std::array<char, 4096> bytes{};
  pollfd wait{fifo_.get(), POLLIN, 0};
  while (!stop_) {
    if (::poll(&wait, 1, kGlanceMs) <= 0) continue;
    if (::read(fifo_.get(), bytes.data(), bytes.size()) <= 0) continue;
    const double atMs = static_cast<double>(realtimeNs()) / 1e6;
    const std::lock_guard hold(lock_);
    if (times_.size() == kMost) times_.pop_front();
    times_.push_back(atMs);
  }
}

}  // namespace drover
