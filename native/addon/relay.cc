#include "addon/relay.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
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

// In the order of HopAction.
constexpr std::array<std::string_view, kHopActions> kActions = {
    "stall", "blackhole", "fin", "rst", "half-close", "drop", "flip", "delay", "rate", "hold-back"};

std::optional<HopOrder> toOrder(const Napi::Value& value) {
  if (!value.IsObject()) return std::nullopt;
  const auto fields = value.As<Napi::Object>();
  const auto name = toText(fields.Get("action"));
  const auto at = toUint(fields.Get("at"));
  const auto amount = toUint(fields.Get("amount"));
  const auto found = std::find(kActions.begin(), kActions.end(), name.value_or(""));
  if (found == kActions.end() || !at || !amount) return std::nullopt;
  HopOrder order;
  const Napi::Value connection = fields.Get("connection");
  if (!connection.IsNull()) {
    const auto index = toUint(connection);
    if (!index) return std::nullopt;
    order.connection = *index;
  }
  order.toSource = fields.Get("toSource").ToBoolean().Value();
  order.fault.action = static_cast<HopAction>(found - kActions.begin());
  order.fault.at = *at;
  order.fault.amount = *amount;
  order.fault.closesSender = fields.Get("closesSender").ToBoolean().Value();
  return order;
}

Napi::Object trafficObject(Napi::Env env, const TrafficFacts& facts) {
  Napi::Object out = Napi::Object::New(env);
  out.Set("takenBytes", number(env, facts.takenBytes));
  out.Set("passedBytes", number(env, facts.passedBytes));
  out.Set("droppedBytes", number(env, facts.droppedBytes));
  out.Set("firstMs", milliseconds(env, facts.firstNs));
  out.Set("lastMs", milliseconds(env, facts.lastNs));
  out.Set("faults", Napi::Number::New(env, facts.faults));
  out.Set("faultMs", milliseconds(env, facts.faultNs));
  return out;
}

}  // namespace

Napi::Function RelayObject::define(Napi::Env env) {
  return DefineClass(
      env, "NativeRelay",
      {InstanceAccessor<&RelayObject::port>("port"),
       InstanceAccessor<&RelayObject::connections>("connections"),
       InstanceAccessor<&RelayObject::exhausted>("exhausted"),
       InstanceAccessor<&RelayObject::isPending>("isPending"),
       InstanceMethod<&RelayObject::answer>("answer"), InstanceMethod<&RelayObject::order>("order"),
       InstanceMethod<&RelayObject::heal>("heal"), InstanceMethod<&RelayObject::close>("close")});
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
                   out.Set("toDestination", trafficObject(env, connection.toDestination));
                   out.Set("toSource", trafficObject(env, connection.toSource));
                   return out;
                 });
}

Napi::Value RelayObject::answer(const Napi::CallbackInfo& info) {
  if (relay_) relay_->answer();
  return info.Env().Undefined();
}

Napi::Value RelayObject::exhausted(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const int error = relay_ ? relay_->exhausted() : lastExhausted_;
  if (error == 0) return env.Null();
  return toError(env, Status::system("relay of a connection", error));
}

Napi::Value RelayObject::isPending(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), relay_ && relay_->isPending());
}

Napi::Value RelayObject::order(const Napi::CallbackInfo& info) {
  const auto order = toOrder(info[0]);
  if (!order) return failArgument(info.Env(), "a fault of a connection");
  if (relay_) relay_->order(*order);
  return info.Env().Undefined();
}

Napi::Value RelayObject::heal(const Napi::CallbackInfo& info) {
  if (relay_) relay_->heal();
  return info.Env().Undefined();
}

Napi::Value RelayObject::close(const Napi::CallbackInfo& info) {
  if (relay_) {
    last_ = relay_->connections();
    lastExhausted_ = relay_->exhausted();
  }
  relay_.reset();
  return info.Env().Undefined();
}

}  // namespace drover
