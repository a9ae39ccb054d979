// Guest RAM as files hold it, as a JS object: NativeImage in src/native/image-addon.ts.
#pragma once

#include <napi.h>

#include <memory>

#include "core/open_image.h"

namespace drover {

class Image final : public Napi::ObjectWrap<Image> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit Image(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Image>(info) {}

  static Napi::Value open(const Napi::CallbackInfo& info);
  static Napi::Value openProcess(const Napi::CallbackInfo& info);
  static Napi::Value wrap(Napi::Env env, std::shared_ptr<const OpenedImage> image);

 private:
  Napi::Value format(const Napi::CallbackInfo& info);
  Napi::Value blocks(const Napi::CallbackInfo& info);
  Napi::Value indexBytes(const Napi::CallbackInfo& info);
  Napi::Value report(const Napi::CallbackInfo& info);
  Napi::Value check(const Napi::CallbackInfo& info);
  Napi::Value statistics(const Napi::CallbackInfo& info);
  Napi::Value pageMap(const Napi::CallbackInfo& info);
  Napi::Value diff(const Napi::CallbackInfo& info);
  Napi::Value extract(const Napi::CallbackInfo& info);
  Napi::Value heldRanges(const Napi::CallbackInfo& info);
  Napi::Value storedRanges(const Napi::CallbackInfo& info);
  Napi::Value readBytes(const Napi::CallbackInfo& info);
  Napi::Value readInput(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);

  // Each task under way holds it too, so files are unmapped when the last of them has ended.
  std::shared_ptr<const OpenedImage> image_;
};

}  // namespace drover
