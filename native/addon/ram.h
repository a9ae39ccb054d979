// Guest memory as a JS object: NativeRam in src/native/addon.ts.
#pragma once

#include <napi.h>

#include <memory>
#include <vector>

#include "core/descriptor.h"
#include "core/ram/page_source.h"

namespace drover {

// What each environment (the main thread, a worker) holds of the addon.
struct PerEnvironment {
  Napi::FunctionReference ramClass;
  Napi::FunctionReference imageClass;
  Napi::FunctionReference relayClass;
  Napi::FunctionReference pulsesClass;
};

// A list of FileRegion or ProcessRegion; `targetField` is a number in the one and a bigint in the
// other.
Result<std::vector<Region>> parseRegions(const Napi::Value& value, const char* targetField);

Result<RegionTable> parseTable(const Napi::Value& value, const char* targetField);
// A path, or a descriptor, which is duplicated.
Result<Descriptor> openFile(const Napi::Value& file);

// Samples how a guest writes, at both sides of its migration.
Napi::Value watchWrites(const Napi::CallbackInfo& info);

class Ram final : public Napi::ObjectWrap<Ram> {
 public:
  static void define(Napi::Env env, PerEnvironment& own);
  explicit Ram(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Ram>(info) {}

  static Napi::Value openShared(const Napi::CallbackInfo& info);
  static Napi::Value openProcess(const Napi::CallbackInfo& info);
  static Napi::Value checkStamps(const Napi::CallbackInfo& info);

 private:
  static Napi::Value wrap(Napi::Env env, std::shared_ptr<const PageSource> source);
  Napi::Value access(const Napi::CallbackInfo& info);
  Napi::Value check(const Napi::CallbackInfo& info);
  Napi::Value read(const Napi::CallbackInfo& info);
  Napi::Value watch(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);

  // Each task under way holds it too, so memory goes when the last of them has ended.
  std::shared_ptr<const PageSource> source_;
};

}  // namespace drover
