// What the addon offers; src/native/addon.ts declares the same for TypeScript. Each environment
// (main thread, worker) gets its own; there is no state beyond.
#include <napi.h>

#include <memory>
#include <string>

#include "addon/host.h"
#include "addon/ram.h"

namespace {

Napi::Value kernelNames(const Napi::CallbackInfo& info) {
  Napi::Array names = Napi::Array::New(info.Env());
  for (const drover::Kernel& kernel : drover::kernels()) {
    names.Set(names.Length(), Napi::String::New(info.Env(), std::string(kernel.name)));
  }
  return names;
}

Napi::Value defaultKernelName(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), std::string(drover::defaultKernel().name));
}

Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  using drover::Ram;
  auto own = std::make_unique<drover::PerEnvironment>();
  Ram::define(env, *own);
  env.SetInstanceData(own.release());

  exports.Set("kernelNames", Napi::Function::New<kernelNames>(env, "kernelNames"));
  exports.Set("defaultKernel", Napi::Function::New<defaultKernelName>(env, "defaultKernel"));
  exports.Set("openSharedRam", Napi::Function::New<Ram::openShared>(env, "openSharedRam"));
  exports.Set("openProcessRam", Napi::Function::New<Ram::openProcess>(env, "openProcessRam"));
  exports.Set("checkStamps", Napi::Function::New<Ram::checkStamps>(env, "checkStamps"));
  drover::defineHost(env, exports);
  return exports;
}

}  // namespace

NODE_API_MODULE(drover, initialize)
