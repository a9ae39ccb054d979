#include "addon/image.h"

#include <string>

#include "addon/image_task.h"
#include "addon/ram.h"
#include "core/stream/report_json.h"
#include "core/stream/stream_report.h"

namespace drover {
namespace {

// One character per byte: names are bytes of a file, and need not be text.
Napi::Value bytesAsText(Napi::Env env, const std::string& bytes) {
  napi_value text = nullptr;
  if (napi_create_string_latin1(env, bytes.data(), bytes.size(), &text) != napi_ok) {
    return env.Undefined();
  }
  return {env, text};
}

Napi::Value placesToJs(Napi::Env env, const std::vector<AddressRange>& places) {
  Napi::Array out = Napi::Array::New(env, places.size());
  for (std::uint32_t i = 0; i < places.size(); ++i) {
    Napi::Object place = Napi::Object::New(env);
    place.Set("address", number(env, places[i].address));
    place.Set("blockOffset", number(env, places[i].blockOffset));
    place.Set("length", number(env, places[i].length));
    out.Set(i, place);
  }
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
       InstanceMethod<&Image::reportAsJson>("reportJson"), InstanceMethod<&Image::check>("check"),
       InstanceMethod<&Image::statistics>("statistics"), InstanceMethod<&Image::hash>("hash"),
       InstanceMethod<&Image::pageMap>("pageMap"), InstanceMethod<&Image::diff>("diff"),
       InstanceMethod<&Image::extract>("extract"), InstanceMethod<&Image::readBytes>("readBytes"),
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
  const std::vector<RamBlock>& blocks = image_->image.blocks;
  Napi::Array out = Napi::Array::New(env, blocks.size());
  for (std::uint32_t i = 0; i < blocks.size(); ++i) {
    const Napi::HandleScope scope(env);
    Napi::Object block = Napi::Object::New(env);
    block.Set("name", bytesAsText(env, blocks[i].name));
    block.Set("length", number(env, blocks[i].length));
    block.Set("pageBytes", number(env, blocks[i].pageBytes));
    block.Set("places", placesToJs(env, blocks[i].places));
    block.Set("contentElsewhere", Napi::Boolean::New(env, blocks[i].contentElsewhere));
    out.Set(i, block);
  }
  return out;
}

Napi::Value Image::indexBytes(const Napi::CallbackInfo& info) {
  if (image_ == nullptr) return fail(info.Env(), imageClosed());
  return number(info.Env(), image_->image.indexBytes());
}

Napi::Value Image::reportAsJson(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (image_ == nullptr) return fail(env, imageClosed());
  if (image_->stream == nullptr) return env.Null();
  return Napi::String::New(env, reportJson(image_->image, *image_->stream));
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
