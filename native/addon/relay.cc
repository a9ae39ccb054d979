#include "addon/relay.h"

#include <string>
#include <utility>

#include "addon/convert.h"
#include "addon/ram.h"

namespace drover {
namespace {

// { path } or { host, port }
Result<SocketAddress> toAddress(const Napi::Value& value) {
  const auto refused = [] {
    return Result<SocketAddress>::failed(
        Status::of(Fault::badArgument, "a path, or host and port"));
  };
  if (!value.IsObject()) return refused();
  const auto fields = value.As<Napi::Object>();
  const auto path = toText(fields.Get("path"));
  if (path) return SocketAddress::unixPath(*path);
  const auto host = toText(fields.Get("host"));
  const auto port = toUint(fields.Get("port"));
  if (!host || !port || *port > UINT16_MAX) return refused();
  return SocketAddress::tcp(*host, static_cast<std::uint16_t>(*port));
}

}  // namespace

Napi::Function RelayObject::define(Napi::Env env) {
  return DefineClass(env, "NativeRelay",
                     {InstanceAccessor<&RelayObject::port>("port"),
                      InstanceAccessor<&RelayObject::connections>("connections"),
                      InstanceMethod<&RelayObject::answer>("answer"),
                      InstanceMethod<&RelayObject::close>("close")});
}

Napi::Value RelayObject::open(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Result<SocketAddress> here = toAddress(info[0]);
  if (!here.ok()) return fail(env, here.status);
  const Result<SocketAddress> target = toAddress(info[1]);
  if (!target.ok()) return fail(env, target.status);
  Result<std::unique_ptr<Relay>> relay =
      Relay::open(here.value, target.value, info[2].ToBoolean().Value());
  if (!relay.ok()) return fail(env, relay.status);
  const Napi::Object out = env.GetInstanceData<PerEnvironment>()->relayClass.New({});
  Unwrap(out)->relay_ = std::move(relay.value);
  return out;
}

Napi::Value RelayObject::port(const Napi::CallbackInfo& info) {
  const std::uint16_t port = relay_ ? relay_->address().port() : 0;
  return Napi::Number::New(info.Env(), port);
}

Napi::Value RelayObject::connections(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return arrayOf(env, relay_ ? relay_->connections() : last_,
                 [env](const RelayedConnection& connection) {
                   Napi::Object out = Napi::Object::New(env);
                   out.Set("firstByte", Napi::Number::New(env, connection.firstByte));
                   out.Set("sentBytes", number(env, connection.sentBytes));
                   return out;
                 });
}

Napi::Value RelayObject::answer(const Napi::CallbackInfo& info) {
  if (relay_) relay_->answer();
  return info.Env().Undefined();
}

Napi::Value RelayObject::close(const Napi::CallbackInfo& info) {
  if (relay_) last_ = relay_->connections();
  relay_.reset();
  return info.Env().Undefined();
}

}  // namespace drover
