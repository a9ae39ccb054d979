#include "addon/host.h"

#include <fcntl.h>

#include <cerrno>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "addon/convert.h"
#include "addon/task.h"
#include "core/descriptor.h"
#include "core/host/create_fds.h"
#include "core/host/probes.h"
#include "core/host/reap.h"
#include "core/host/send_fds.h"
#include "core/host/spawn_child.h"

namespace drover {
namespace {

// A copy of a descriptor for a task's own use: the caller may close its own, and the number may
// come to mean another file.
Result<Descriptor> duplicate(const Napi::Value& value) {
  const auto fd = toUint(value);
  if (!fd || *fd > INT32_MAX) {
    return Result<Descriptor>::failed(Status::of(Fault::badArgument, "a descriptor"));
  }
  Descriptor copy = Descriptor::own(::fcntl(static_cast<int>(*fd), F_DUPFD_CLOEXEC, 0));
  if (!copy.isOpen()) return Result<Descriptor>::failed(Status::system("fcntl", errno));
  return Result<Descriptor>::of(std::move(copy));
}

struct Parcel {
  Descriptor socket;
  std::vector<std::uint8_t> data;
  std::vector<Descriptor> fds;
};

struct Nothing {};

Napi::Value send(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto timeoutNs = toNs(info[3]);
  if (!info[1].IsTypedArray() || !info[2].IsArray() || !timeoutNs) {
    return failArgument(env, "a socket, data, descriptors and a time");
  }
  Parcel parcel;
  Result<Descriptor> socket = duplicate(info[0]);
  if (!socket.ok()) return fail(env, socket.status);
  parcel.socket = std::move(socket.value);
  const auto data = info[1].As<Napi::Uint8Array>();
  parcel.data.assign(data.Data(), data.Data() + data.ByteLength());
  const auto fds = info[2].As<Napi::Array>();
  for (std::uint32_t i = 0; i < fds.Length(); ++i) {
    Result<Descriptor> fd = duplicate(fds.Get(i));
    if (!fd.ok()) return fail(env, fd.status);
    parcel.fds.push_back(std::move(fd.value));
  }
  return startTask<Nothing>(
      env,
      [parcel = std::move(parcel), limitNs = *timeoutNs](const CancelFlag& cancel) noexcept {
        std::vector<int> numbers;
        for (const Descriptor& fd : parcel.fds) numbers.push_back(fd.get());
        return Result<Nothing>{sendFds(parcel.socket.get(), parcel.data, numbers, limitNs, cancel)};
      },
      [](Napi::Env answerEnv, Nothing) { return answerEnv.Undefined(); });
}

Napi::Value socketPair(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Result<std::array<Descriptor, 2>> pair = createSocketPair();
  if (!pair.ok()) return fail(env, pair.status);
  Napi::Array out = Napi::Array::New(env, 2);
  out.Set(0U, Napi::Number::New(env, pair.value[0].release()));
  out.Set(1U, Napi::Number::New(env, pair.value[1].release()));
  return out;
}

Napi::Value memfdCreate(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto name = toText(info[0]);
  const auto size = toUint(info[1]);
  if (!name || !size) return failArgument(env, "a name and a size");
  Result<Descriptor> memory = createMemfd(name->c_str(), *size);
  if (!memory.ok()) return fail(env, memory.status);
  return Napi::Number::New(env, memory.value.release());
}

Napi::Value closeFd(const Napi::CallbackInfo& info) {
  const auto fd = toUint(info[0]);
  if (!fd || *fd > INT32_MAX) return failArgument(info.Env(), "a descriptor");
  if (::close(static_cast<int>(*fd)) != 0 && errno != EINTR) {
    return fail(info.Env(), Status::system("close", errno));
  }
  return info.Env().Undefined();
}

// None for anything that is not an array of texts.
std::optional<std::vector<std::string>> toTexts(const Napi::Value& value) {
  if (!value.IsArray()) return std::nullopt;
  const auto array = value.As<Napi::Array>();
  std::vector<std::string> texts;
  for (std::uint32_t i = 0; i < array.Length(); ++i) {
    auto text = toText(array.Get(i));
    if (!text) return std::nullopt;
    texts.push_back(std::move(*text));
  }
  return texts;
}

std::optional<std::vector<int>> toDescriptors(const Napi::Value& value) {
  if (!value.IsArray()) return std::nullopt;
  const auto array = value.As<Napi::Array>();
  std::vector<int> descriptors;
  for (std::uint32_t i = 0; i < array.Length(); ++i) {
    const auto fd = toUint(array.Get(i));
    if (!fd || *fd > INT32_MAX) return std::nullopt;
    descriptors.push_back(static_cast<int>(*fd));
  }
  return descriptors;
}

Napi::Value spawn(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  auto words = toTexts(info[0]);
  auto environment = toTexts(info[1]);
  auto directory = toText(info[2]);
  auto descriptors = toDescriptors(info[3]);
  if (!words || words->empty() || !environment || !directory || !descriptors) {
    return failArgument(env, "words, an environment, a directory and descriptors");
  }
  const Result<pid_t> child = spawnChild({words->front(), *words, std::move(*environment),
                                          std::move(*directory), std::move(*descriptors)});
  if (!child.ok()) return fail(env, child.status);
  return Napi::Number::New(env, child.value);
}

Napi::Value reapedToJs(Napi::Env env, const Reaped& reaped) {
  using State = Reaped::State;
  Napi::Object out = Napi::Object::New(env);
  const auto state = [&](const char* name) { out.Set("state", name); };
  switch (reaped.state) {
    case State::running:
      state("running");
      break;
    case State::notAChild:
      state("not-a-child");
      break;
    case State::exited:
      state("exited");
      out.Set("code", reaped.value);
      break;
    case State::signalled:
      state("signalled");
      out.Set("signal", reaped.value);
      break;
  }
  return out;
}

Napi::Value waitPid(const Napi::CallbackInfo& info) {
  const auto pid = toUint(info[0]);
  const auto timeoutNs = toNs(info[1]);
  if (!pid || *pid == 0 || *pid > INT32_MAX || !timeoutNs) {
    return failArgument(info.Env(), "a process id and a time");
  }
  return startTask<Reaped>(
      info.Env(),
      [child = static_cast<pid_t>(*pid), limitNs = *timeoutNs](const CancelFlag& cancel) noexcept {
        return reapChild(child, limitNs, cancel);
      },
      reapedToJs);
}

Napi::Object probeToJs(Napi::Env env, const Probe& probe) {
  Napi::Object out = Napi::Object::New(env);
  out.Set("available", probe.available);
  out.Set("reason", probe.reason);
  return out;
}

Napi::Value userfaultfd(const Napi::CallbackInfo& info) {
  return startTask<UserfaultfdProbe>(
      info.Env(),
      [](const CancelFlag&) noexcept { return Result<UserfaultfdProbe>::of(probeUserfaultfd()); },
      [](Napi::Env env, const UserfaultfdProbe& probe) -> Napi::Value {
        Napi::Object out = probeToJs(env, probe);
        out.Set("threadId", probe.threadId);
        return out;
      });
}

Napi::Value kvm(const Napi::CallbackInfo& info) {
  return startTask<KvmProbe>(
      info.Env(), [](const CancelFlag&) noexcept { return Result<KvmProbe>::of(probeKvm()); },
      [](Napi::Env env, const KvmProbe& probe) -> Napi::Value {
        Napi::Object out = probeToJs(env, probe);
        out.Set("dirtyRingBytes", probe.dirtyRingBytes);
        out.Set("guestMemfd", probe.guestMemfd);
        out.Set("guestMemfdShared", probe.guestMemfdShared);
        return out;
      });
}

Napi::Value directIo(const Napi::CallbackInfo& info) {
  auto directory = toText(info[0]);
  if (!directory) return failArgument(info.Env(), "a directory");
  return startTask<Probe>(
      info.Env(),
      [where = std::move(*directory)](const CancelFlag&) noexcept {
        return Result<Probe>::of(probeDirectIo(where.c_str()));
      },
      [](Napi::Env env, const Probe& probe) -> Napi::Value { return probeToJs(env, probe); });
}

}  // namespace

void defineHost(Napi::Env env, Napi::Object& exports) {
  exports.Set("sendFds", Napi::Function::New<send>(env, "sendFds"));
  exports.Set("socketPair", Napi::Function::New<socketPair>(env, "socketPair"));
  exports.Set("memfdCreate", Napi::Function::New<memfdCreate>(env, "memfdCreate"));
  exports.Set("closeFd", Napi::Function::New<closeFd>(env, "closeFd"));
  exports.Set("spawn", Napi::Function::New<spawn>(env, "spawn"));
  exports.Set("waitPid", Napi::Function::New<waitPid>(env, "waitPid"));
  exports.Set("probeUserfaultfd", Napi::Function::New<userfaultfd>(env, "probeUserfaultfd"));
  exports.Set("probeKvm", Napi::Function::New<kvm>(env, "probeKvm"));
  exports.Set("probeDirectIo", Napi::Function::New<directIo>(env, "probeDirectIo"));
}

}  // namespace drover
