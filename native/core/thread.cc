#include "core/thread.h"

#include <memory>

namespace drover {
namespace {

// Enough for all that is run here, sanitizers' red zones included. With the usual 8 MiB the C
// library keeps but five stacks of ended threads for the next ones.
constexpr std::size_t kStackBytes = 2 << 20;

struct Entry {
  Thread::Body body;
  void* argument;
};

void* enter(void* raw) {
  const Entry entry = *std::unique_ptr<Entry>(static_cast<Entry*>(raw));
  entry.body(entry.argument);
  return nullptr;
}

}  // namespace

Thread Thread::start(Body body, void* argument) noexcept {
  Thread thread;
  std::unique_ptr<Entry> entry(new Entry{body, argument});

  // The mask is inherited, so blocking first leaves no moment in which the new thread could take a
  // signal.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_attr_t attributes;
  ::pthread_attr_init(&attributes);
  ::pthread_attr_setstacksize(&attributes, kStackBytes);
  thread.running_ = ::pthread_create(&thread.handle_, &attributes, enter, entry.get()) == 0;
  ::pthread_attr_destroy(&attributes);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (thread.running_) static_cast<void>(entry.release());
  return thread;
}

}  // namespace drover
