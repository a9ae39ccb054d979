#include "addon/task.h"

#include "addon/convert.h"

namespace drover {

Napi::Value Task::start(Napi::Env env, std::unique_ptr<Task> task) {
  napi_value promise = nullptr;
  const napi_value name = Napi::String::New(env, "drover");
  if (napi_create_promise(env, &task->deferred_, &promise) != napi_ok ||
      napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, task.get(), finalize,
                                      task.get(), deliver, &task->function_) != napi_ok) {
    return fail(env, Status::of(Fault::outOfMemory, "task"));
  }
  Task* const owned = task.release();  // by the thread-safe function, from here on

  const auto flag = owned->cancel_;
  Napi::Object handle = Napi::Object::New(env);
  handle.Set("promise", Napi::Value(env, promise));
  handle.Set("cancel", Napi::Function::New(
                           env, [flag](const Napi::CallbackInfo&) { flag->set(); }, "cancel"));

  owned->thread_ = Thread::start(threadBody, owned);
  if (!owned->thread_.started()) {
    napi_reject_deferred(env, owned->deferred_,
                         toError(env, Status::of(Fault::outOfMemory, "thread")));
    owned->deferred_ = nullptr;
    napi_release_threadsafe_function(owned->function_, napi_tsfn_release);
  }
  return handle;
}

void Task::threadBody(void* raw) {
  Task* const task = static_cast<Task*>(raw);
  task->run(*task->cancel_);
  // An environment that is going away answers napi_closing and has taken our hold on the function
  // with that.
  if (napi_call_threadsafe_function(task->function_, nullptr, napi_tsfn_blocking) == napi_ok) {
    napi_release_threadsafe_function(task->function_, napi_tsfn_release);
  }
}

void Task::deliver(napi_env env, napi_value /*callback*/, void* context, void* /*data*/) {
  if (env == nullptr) return;  // torn down: nobody is left to hear the answer
  Task* const task = static_cast<Task*>(context);
  const Status status = task->status();
  if (status.ok()) {
    const Napi::Value answer = task->answer(env);
    napi_resolve_deferred(env, task->deferred_, answer);
  } else {
    napi_reject_deferred(env, task->deferred_, toError(env, status));
  }
}

void Task::finalize(napi_env /*env*/, void* raw, void* /*hint*/) {
  const std::unique_ptr<Task> task(static_cast<Task*>(raw));
  task->cancel_->set();
  task->thread_.join();
}

}  // namespace drover
