// Work on a thread of its own whose answer is a promise. Node's pool has four threads for
// everybody, and a watch may take seconds, so none of ours goes there.
//
// Who owns what: the thread-safe function owns the Task; its finaliser, which runs on the JS thread
// after the answer was delivered or when the environment is torn down, cancels, joins the thread
// and deletes the Task. So no thread outlives its environment, and none touches a thread-safe
// function that is gone.
#pragma once

#include <napi.h>

#include <memory>
#include <utility>

#include "core/cancel.h"
#include "core/status.h"
#include "core/thread.h"

namespace drover {

class Task {
 public:
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;
  virtual ~Task() = default;

  // Takes the task over. The answer is {promise, cancel}.
  static Napi::Value start(Napi::Env env, std::unique_ptr<Task> task);

 protected:
  Task() : cancel_(std::make_shared<CancelFlag>()) {}
  // On the task's thread; touches nothing of JS.
  virtual void run(const CancelFlag& cancel) noexcept = 0;
  // On the JS thread, after run.
  [[nodiscard]] virtual Status status() const noexcept = 0;
  virtual Napi::Value answer(Napi::Env env) = 0;

 private:
  static void threadBody(void* raw);
  static void deliver(napi_env env, napi_value, void* context, void*);
  static void finalize(napi_env, void* raw, void*);

  // Shared with the JS function `cancel`, which may be called when the task is long gone.
  std::shared_ptr<CancelFlag> cancel_;
  napi_deferred deferred_ = nullptr;
  napi_threadsafe_function function_ = nullptr;
  Thread thread_;
};

// A task from two functions: work(cancel) -> Result<T> on the thread, convert(env, T&) ->
// Napi::Value on the JS thread.
template <class T, class Work, class Convert>
class FunctionTask final : public Task {
 public:
  FunctionTask(Work work, Convert convert) : work_(std::move(work)), convert_(std::move(convert)) {}

 protected:
  void run(const CancelFlag& cancel) noexcept override { result_ = work_(cancel); }
  [[nodiscard]] Status status() const noexcept override { return result_.status; }
  Napi::Value answer(Napi::Env env) override { return convert_(env, result_.value); }

 private:
  Work work_;
  Convert convert_;
  Result<T> result_;
};

template <class T, class Work, class Convert>
Napi::Value startTask(Napi::Env env, Work work, Convert convert) {
  return Task::start(
      env, std::make_unique<FunctionTask<T, Work, Convert>>(std::move(work), std::move(convert)));
}

}  // namespace drover
