// Pulses as a JS object: NativePulses in src/native/host-addon.ts.
#pragma once

#include <napi.h>

#include <memory>

#include "core/host/pulses.h"

namespace drover {

class PulsesObject final : public Napi::ObjectWrap<PulsesObject> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit PulsesObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<PulsesObject>(info) {}

  static Napi::Value open(const Napi::CallbackInfo& info);

 private:
  Napi::Value times(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);

  std::unique_ptr<Pulses> pulses_;
};

}  // namespace drover
