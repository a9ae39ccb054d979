// Opening images: from files, and from a process.
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "addon/image.h"
#include "addon/image_task.h"
#include "addon/ram.h"
#include "core/image/process_image.h"
#include "core/ram/file_source.h"

namespace drover {
namespace {

// A list of objects that may be absent; false when it is something else, or `read` refuses one.
template <class Read>
bool parseList(const Napi::Value& value, Read read) {
  if (value.IsUndefined()) return true;
  if (!value.IsArray()) return false;
  const auto list = value.As<Napi::Array>();
  for (std::uint32_t i = 0; i < list.Length(); ++i) {
    const Napi::Value entry = list.Get(i);
    if (!entry.IsObject() || !read(entry.As<Napi::Object>())) return false;
  }
  return true;
}

bool parsePlaces(const Napi::Value& value, std::vector<AddressRange>& out) {
  return parseList(value, [&out](const Napi::Object& fields) {
    const auto address = toUint(fields.Get("address"));
    const auto blockOffset = toUint(fields.Get("blockOffset"));
    const auto length = toUint(fields.Get("length"));
    if (address && blockOffset && length) out.push_back({*address, *blockOffset, *length});
    return address && blockOffset && length;
  });
}

bool parseNamedPlaces(const Napi::Value& value, std::vector<NamedPlace>& out) {
  return parseList(value, [&out](const Napi::Object& fields) {
    const auto block = toText(fields.Get("block"));
    const auto address = toUint(fields.Get("address"));
    const auto length = toUint(fields.Get("length"));
    if (block && address && length) out.push_back({*block, *address, *length});
    return block && address && length;
  });
}

// A text field that may be absent; false when it is something else.
bool parseText(const Napi::Value& value, std::string& out) {
  if (value.IsUndefined()) return true;
  const auto text = toText(value);
  out = text.value_or("");
  return text.has_value();
}

Result<InputFile> openInput(const Napi::Value& file) {
  const auto path = toText(file);
  if (path) return InputFile::openPath(path->c_str());
  const auto fd = toUint(file);
  if (!fd || *fd > INT32_MAX) {
    return Result<InputFile>::failed(Status::of(Fault::badArgument, "a path or a descriptor"));
  }
  Result<Descriptor> copy = duplicateRegularFile(static_cast<int>(*fd));
  if (!copy.ok()) return Result<InputFile>::failed(copy.status);
  return InputFile::open(std::move(copy.value));
}

Napi::Value openedToJs(Napi::Env env, OpenedImage& opened, bool salvage) {
  Napi::Object out = Napi::Object::New(env);
  out.Set("format", std::string(formatName(opened.format)));
  out.Set("problem", env.Null());
  if (!opened.error.ok()) {
    Napi::Object problem = Napi::Object::New(env);
    problem.Set("kind", opened.error.unsupported ? "unsupported" : "broken");
    problem.Set("reason", opened.error.reason);
    problem.Set("input", opened.error.input);
    problem.Set("offset", opened.error.offset);
    out.Set("problem", problem);
  }
  const bool usable = opened.error.ok() || (salvage && !opened.image.blocks.empty());
  out.Set("image",
          usable ? Image::wrap(env, std::make_shared<OpenedImage>(std::move(opened))) : env.Null());
  return out;
}

}  // namespace

const char* parseOpenOptions(const Napi::Value& value, OpenOptions& out) {
  if (!value.IsObject()) return "options";
  const auto fields = value.As<Napi::Object>();
  const Napi::Value format = fields.Get("format");
  if (!format.IsUndefined()) {
    const auto known = findFormat(toText(format).value_or(""));
    if (!known) return "an unknown format";
    out.format = *known;
  }
  const auto take = [&fields](const char* name, std::uint64_t& to) {
    const Napi::Value field = fields.Get(name);
    if (field.IsUndefined()) return true;
    const auto found = toUint(field);
    to = found.value_or(0);
    return found.has_value();
  };
  if (!take("fileOffset", out.fileOffset) || !take("rawAddress", out.rawAddress)) {
    return "an offset and an address";
  }
  if (!fields.Get("pageBytes").IsUndefined()) {
    const auto pageBytes = toUint(fields.Get("pageBytes"));
    if (!pageBytes || *pageBytes > UINT32_MAX) return "a page size";
    out.pageBytes = static_cast<std::uint32_t>(*pageBytes);
  }
  if (!parsePlaces(fields.Get("places"), out.places)) return "a list of places";
  if (!parseNamedPlaces(fields.Get("named"), out.named)) return "a list of named places";
  if (!parseText(fields.Get("machine"), out.machine) || !parseText(fields.Get("arch"), out.arch) ||
      !parseText(fields.Get("temporaryFolder"), out.tmpDir)) {
    return "machine, arch and temporaryFolder as text";
  }
  out.salvage = fields.Get("salvage").ToBoolean().Value();
  return nullptr;
}

Napi::Value Image::open(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsArray()) return failArgument(env, "a list of files");
  OpenOptions options;
  const char* wrong = parseOpenOptions(info[1], options);
  if (wrong != nullptr) return failArgument(env, wrong);
  const auto files = info[0].As<Napi::Array>();
  const bool growing = info[1].As<Napi::Object>().Get("growing").ToBoolean().Value();
  if (growing && files.Length() != 1) return failArgument(env, "one file, where it grows");
  std::vector<InputFile> inputs;
  for (std::uint32_t i = 0; i < files.Length(); ++i) {
    Result<InputFile> input = openInput(files.Get(i));
    if (!input.ok()) return fail(env, input.status);
    inputs.push_back(std::move(input.value));
  }
  const auto written = std::make_shared<std::atomic<bool>>(false);
  const Napi::Value handle = startImageTask<OpenedImage>(
      env,
      [inputs = std::move(inputs), options, growing, written](const CancelFlag& cancel,
                                                              Progress& progress) mutable noexcept {
        options.progress = &progress;
        if (growing) options.written = written.get();
        OpenedImage opened = openImage(std::move(inputs), options, cancel);
        if (cancel.isSet()) {
          return Result<OpenedImage>::failed(Status::of(Fault::cancelled, "open"));
        }
        return Result<OpenedImage>::of(std::move(opened));
      },
      [salvage = options.salvage](Napi::Env answerEnv, OpenedImage& opened) {
        return openedToJs(answerEnv, opened, salvage);
      });
  if (env.IsExceptionPending()) return handle;
  handle.As<Napi::Object>().Set(
      "written",
      Napi::Function::New(
          env, [written](const Napi::CallbackInfo&) { written->store(true); }, "written"));
  return handle;
}

Napi::Value Image::openProcess(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto pid = toUint(info[0]);
  const auto pageBytes = toUint(info[2]);
  if (!pid || *pid == 0 || *pid > INT32_MAX) return failArgument(env, "a process id");
  if (!pageBytes || *pageBytes == 0 || *pageBytes > 65536) return failArgument(env, "a page size");
  const Result<std::vector<Region>> regions = parseRegions(info[1], "hostAddress");
  if (!regions.ok()) return fail(env, regions.status);
  Result<RamImage> image = openProcessImage(static_cast<pid_t>(*pid), regions.value,
                                            static_cast<std::uint32_t>(*pageBytes));
  if (!image.ok()) return fail(env, image.status);
  auto opened = std::make_shared<OpenedImage>();
  opened->image = std::move(image.value);
  return wrap(env, std::move(opened));
}

}  // namespace drover
