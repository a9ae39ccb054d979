#include "addon/image.h"

#include <string>

#include "addon/image_task.h"
#include "addon/ram.h"
#include "addon/report_js.h"
#include "core/image/address_map.h"

namespace drover {
namespace {

Napi::Value placeToJs(Napi::Env env, const AddressRange& place) {
  Napi::Object out = Napi::Object::New(env);
  out.Set("address", place.address);
  out.Set("blockOffset", place.blockOffset);
  out.Set("length", place.length);
  return out;
}

Napi::Value blockToJs(Napi::Env env, const RamBlock& block) {
  Napi::Object out = Napi::Object::New(env);
  out.Set("name", latin1(env, block.name));
  out.Set("length", block.length);
  out.Set("pageBytes", block.pageBytes);
  const auto place = [&](const AddressRange& one) { return placeToJs(env, one); };
  out.Set("places", arrayOf(env, block.places, place));
  out.Set("mainMemory", isMainMemory(block));
  out.Set("contentElsewhere", block.contentElsewhere);
  return out;
}

}  // namespace

Napi::Object withProgress(Napi::Env env, const Napi::Value& handle,
                          std::shared_ptr<const Progress> progress) {
  Napi::Object out = handle.As<Napi::Object>();
  out.Set("progress", Napi::Function::New(
                          env,
                          [progress = std::move(progress)](const Napi::CallbackInfo& info) {
                            Napi::Object state = Napi::Object::New(info.Env());
                            state.Set("done", number(info.Env(), progress->done()));
                            state.Set("total", number(info.Env(), progress->total()));
                            return state;
                          },
                          "progress"));
  return out;
}

const RamBlock* blockOf(const OpenedImage& image, const Napi::Value& index) {
  const auto wanted = toUint(index);
  if (!wanted || *wanted >= image.image.blocks.size()) return nullptr;
  return &image.image.blocks[*wanted];
}

Napi::Value mapToJs(Napi::Env env, std::uint64_t pagesPerCell, const std::vector<PageCell>& cells) {
  Napi::Float64Array numbers = Napi::Float64Array::New(env, cells.size() * 4);
  for (std::size_t i = 0; i < cells.size(); ++i) {
    numbers[4 * i] = static_cast<double>(cells[i].data);
    numbers[4 * i + 1] = static_cast<double>(cells[i].zero);
    numbers[4 * i + 2] = static_cast<double>(cells[i].absent);
    numbers[4 * i + 3] = static_cast<double>(cells[i].damaged);
  }
  Napi::Object out = Napi::Object::New(env);
  out.Set("pagesPerCell", number(env, pagesPerCell));
  out.Set("cells", numbers);
  return out;
}

Napi::Function Image::define(Napi::Env env) {
  return DefineClass(
      env, "NativeImage",
      {InstanceAccessor<&Image::format>("format"), InstanceAccessor<&Image::blocks>("blocks"),
       InstanceAccessor<&Image::indexBytes>("indexBytes"),
       InstanceAccessor<&Image::report>("report"), InstanceMethod<&Image::check>("check"),
       InstanceMethod<&Image::statistics>("statistics"), InstanceMethod<&Image::pageMap>("pageMap"),
       InstanceMethod<&Image::diff>("diff"), InstanceMethod<&Image::extract>("extract"),
       InstanceMethod<&Image::heldRanges>("heldRanges"),
       InstanceMethod<&Image::storedRanges>("storedRanges"),
       InstanceMethod<&Image::readBytes>("readBytes"),
       InstanceMethod<&Image::readInput>("readInput"), InstanceMethod<&Image::close>("close")});
}

Napi::Value Image::wrap(Napi::Env env, std::shared_ptr<const OpenedImage> image) {
  const Napi::Object object = env.GetInstanceData<PerEnvironment>()->imageClass.New({});
  if (env.IsExceptionPending()) return env.Undefined();
  Unwrap(object)->image_ = std::move(image);
  return object;
}

Napi::Value Image::format(const Napi::CallbackInfo& info) {
  if (image_ == nullptr) return fail(info.Env(), imageClosed());
  return Napi::String::New(info.Env(), std::string(formatName(image_->format)));
}

Napi::Value Image::blocks(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (image_ == nullptr) return fail(env, imageClosed());
  return arrayOf(env, image_->image.blocks,
                 [&](const RamBlock& block) { return blockToJs(env, block); });
}

Napi::Value Image::indexBytes(const Napi::CallbackInfo& info) {
  if (image_ == nullptr) return fail(info.Env(), imageClosed());
  return number(info.Env(), image_->image.indexBytes());
}

Napi::Value Image::report(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (image_ == nullptr) return fail(env, imageClosed());
  return image_->stream == nullptr ? env.Null() : reportToJs(env, image_->image, *image_->stream);
}

Napi::Value Image::check(const Napi::CallbackInfo& info) {
  if (image_ == nullptr) return fail(info.Env(), imageClosed());
  return startImageCheck(info.Env(), info[0], image_);
}

Napi::Value Image::diff(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (image_ == nullptr) return fail(env, imageClosed());
  const Napi::Function own = env.GetInstanceData<PerEnvironment>()->imageClass.Value();
  if (!info[0].IsObject() || !info[0].As<Napi::Object>().InstanceOf(own)) {
    return failArgument(env, "another image");
  }
  const SharedImage other = Unwrap(info[0].As<Napi::Object>())->image_;
  if (other == nullptr) return fail(env, imageClosed());
  return startDiff(env, info[1], image_, other);
}

Napi::Value Image::close(const Napi::CallbackInfo& info) {
  image_.reset();
  return info.Env().Undefined();
}

}  // namespace drover
