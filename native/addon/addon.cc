// What the addon offers; src/native/addon.ts declares the same for TypeScript. Each environment
// (main thread, worker) gets its own; there is no state beyond.
#include <napi.h>

#include <memory>
#include <string>

#include "addon/convert.h"
#include "addon/host.h"
#include "addon/image.h"
#include "addon/pulses.h"
#include "addon/ram.h"
#include "addon/relay.h"
#include "core/kernels/verify_pages.h"

namespace {

template <class Kernels>
Napi::Value namesOf(Napi::Env env, const Kernels& kernels) {
  return drover::arrayOf(env, kernels, [](const auto& kernel) { return std::string(kernel.name); });
}

Napi::Value kernelNames(const Napi::CallbackInfo& info) {
  return namesOf(info.Env(), drover::kernels());
}

Napi::Value defaultKernelName(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), std::string(drover::defaultKernel().name));
}

Napi::Value verifyKernelNames(const Napi::CallbackInfo& info) {
  return namesOf(info.Env(), drover::verifyKernels());
}

Napi::Value defaultVerifyKernelName(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), std::string(drover::defaultVerifyKernel().name));
}

Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  using drover::Ram;
  auto own = std::make_unique<drover::PerEnvironment>();
  Ram::define(env, *own);
  own->imageClass = Napi::Persistent(drover::Image::define(env));
  own->relayClass = Napi::Persistent(drover::RelayObject::define(env));
  own->pulsesClass = Napi::Persistent(drover::PulsesObject::define(env));
  env.SetInstanceData(own.release());

  exports.Set("kernelNames", Napi::Function::New<kernelNames>(env, "kernelNames"));
  exports.Set("defaultKernel", Napi::Function::New<defaultKernelName>(env, "defaultKernel"));
  exports.Set("openSharedRam", Napi::Function::New<Ram::openShared>(env, "openSharedRam"));
  exports.Set("openProcessRam", Napi::Function::New<Ram::openProcess>(env, "openProcessRam"));
  exports.Set("checkStamps", Napi::Function::New<Ram::checkStamps>(env, "checkStamps"));
  exports.Set("watchWrites", Napi::Function::New<drover::watchWrites>(env, "watchWrites"));
  exports.Set("verifyKernelNames",
              Napi::Function::New<verifyKernelNames>(env, "verifyKernelNames"));
  exports.Set("defaultVerifyKernel",
              Napi::Function::New<defaultVerifyKernelName>(env, "defaultVerifyKernel"));
  exports.Set("openImage", Napi::Function::New<drover::Image::open>(env, "openImage"));
  exports.Set("openProcessImage",
              Napi::Function::New<drover::Image::openProcess>(env, "openProcessImage"));
  exports.Set("openRelay", Napi::Function::New<drover::RelayObject::open>(env, "openRelay"));
  exports.Set("openPulses", Napi::Function::New<drover::PulsesObject::open>(env, "openPulses"));
  drover::defineHost(env, exports);
  return exports;
}

}  // namespace

NODE_API_MODULE(drover, initialize)
