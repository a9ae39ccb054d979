#include "addon/pulses.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "addon/convert.h"
#include "addon/ram.h"

namespace drover {

Napi::Function PulsesObject::define(Napi::Env env) {
  return DefineClass(env, "NativePulses",
                     {InstanceMethod<&PulsesObject::times>("times"),
                      InstanceMethod<&PulsesObject::close>("close")});
}

Napi::Value PulsesObject::open(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto path = toText(info[0]);
  if (!path) return failArgument(env, "the path of a FIFO");
  Result<std::unique_ptr<Pulses>> pulses = Pulses::open(*path);
  if (!pulses.ok()) return fail(env, pulses.status);
  const Napi::Object out = env.GetInstanceData<PerEnvironment>()->pulsesClass.New({});
  Unwrap(out)->pulses_ = std::move(pulses.value);
  return out;
}

Napi::Value PulsesObject::times(const Napi::CallbackInfo& info) {
  const std::vector<double> times = pulses_ ? pulses_->times() : std::vector<double>();
  Napi::Float64Array out = Napi::Float64Array::New(info.Env(), times.size());
  std::copy(times.begin(), times.end(), out.Data());
  return out;
}

Napi::Value PulsesObject::close(const Napi::CallbackInfo& info) {
  pulses_.reset();
  return info.Env().Undefined();
}

}  // namespace drover
