// A relay as a JS object: NativeRelay in src/native/relay-addon.ts.
#pragma once

#include <napi.h>

#include <memory>

#include "core/hop/relay.h"

namespace drover {

class RelayObject final : public Napi::ObjectWrap<RelayObject> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit RelayObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<RelayObject>(info) {}

  static Napi::Value open(const Napi::CallbackInfo& info);

 private:
  Napi::Value port(const Napi::CallbackInfo& info);
  Napi::Value connections(const Napi::CallbackInfo& info);
  Napi::Value exhausted(const Napi::CallbackInfo& info);
  Napi::Value answer(const Napi::CallbackInfo& info);
  Napi::Value isPending(const Napi::CallbackInfo& info);
  Napi::Value order(const Napi::CallbackInfo& info);
  Napi::Value heal(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);

  std::unique_ptr<Relay> relay_;
  // What was known of the connections when it was closed.
  std::vector<RelayedConnection> last_;
  int lastExhausted_ = 0;
};

}  // namespace drover
