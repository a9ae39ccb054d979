// The methods of Image that need no contract with the guest: counting, naming, comparing, reading.
#include <fcntl.h>
#include <unistd.h>

#include <new>
#include <string>

#include "addon/image.h"
#include "addon/image_task.h"
#include "core/checks/block_hash.h"
#include "core/checks/block_pages.h"
#include "core/checks/extract.h"
#include "core/checks/image_diff.h"

namespace drover {
namespace {

// More in one piece than a Buffer should be asked for.
constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 30;
constexpr std::uint64_t kMostCells = std::uint64_t{1} << 20;

struct Bytes {
  std::unique_ptr<std::uint8_t[]> data;
  std::size_t size = 0;
};

// read(span) -> Status fills a new buffer.
template <class Read>
Result<Bytes> readNew(std::size_t size, Read read) noexcept {
  Bytes bytes{std::unique_ptr<std::uint8_t[]>(new (std::nothrow) std::uint8_t[size]), size};
  if (bytes.data == nullptr) {
    return Result<Bytes>::failed(Status::of(Fault::outOfMemory, "bytes"));
  }
  const Status status = read(std::span(bytes.data.get(), size));
  return status.ok() ? Result<Bytes>::of(std::move(bytes)) : Result<Bytes>::failed(status);
}

Napi::Value bytesToJs(Napi::Env env, const Bytes& bytes) {
  return Napi::Buffer<std::uint8_t>::Copy(env, bytes.data.get(), bytes.size);
}

std::optional<std::uint32_t> blockOrNull(const OpenedImage& image, const Napi::Value& value,
                                         bool& wrong) {
  if (value.IsNull()) return std::nullopt;
  wrong = wrong || blockOf(image, value) == nullptr;
  return wrong ? std::nullopt : std::optional(static_cast<std::uint32_t>(*toUint(value)));
}

const char* differenceName(DifferenceKind kind) {
  if (kind == DifferenceKind::content) return "content";
  return kind == DifferenceKind::absentInFirst ? "absent-in-first" : "absent-in-second";
}

Napi::Value diffToJs(Napi::Env env, const ImageDiff& diff) {
  Napi::Array runs = Napi::Array::New(env, diff.runs.size());
  for (std::uint32_t i = 0; i < diff.runs.size(); ++i) {
    const Napi::HandleScope scope(env);
    const Difference& run = diff.runs[i];
    const bool content = run.kind == DifferenceKind::content;
    Napi::Object out = Napi::Object::New(env);
    out.Set("start", number(env, run.start));
    out.Set("end", number(env, run.start + run.bytes));
    out.Set("pages", number(env, (run.bytes + diff.pageBytes - 1) / diff.pageBytes));
    out.Set("kind", Napi::String::New(env, differenceName(run.kind)));
    out.Set("byteOffset", content ? number(env, run.byteOffset) : env.Null());
    out.Set("first", content ? number(env, run.first) : env.Null());
    out.Set("second", content ? number(env, run.second) : env.Null());
    runs.Set(i, out);
  }
  Napi::Object out = Napi::Object::New(env);
  out.Set("pageBytes", number(env, diff.pageBytes));
  out.Set("pages", number(env, diff.pages));
  out.Set("differentPages", number(env, diff.differentPages));
  out.Set("differentRuns", number(env, diff.differentRuns));
  out.Set("differentBytes", number(env, diff.differentBytes));
  out.Set("absentInFirst", number(env, diff.absentInFirst));
  out.Set("absentInSecond", number(env, diff.absentInSecond));
  out.Set("runs", runs);
  return out;
}

}  // namespace

Napi::Value startDiff(Napi::Env env, const Napi::Value& value, SharedImage first,
                      SharedImage second) {
  if (!value.IsObject()) return failArgument(env, "a request");
  const auto fields = value.As<Napi::Object>();
  bool wrong = false;
  DiffRequest request;
  request.first = {&first->image, blockOrNull(*first, fields.Get("firstBlock"), wrong), 0};
  request.second = {&second->image, blockOrNull(*second, fields.Get("secondBlock"), wrong), 0};
  const auto firstStart = toUint(fields.Get("firstStart"));
  const auto secondStart = toUint(fields.Get("secondStart"));
  const auto length = toUint(fields.Get("length"));
  if (wrong || !firstStart || !secondStart || !length || *length == 0) {
    return failArgument(env, "two sides and a length");
  }
  request.first.start = *firstStart;
  request.second.start = *secondStart;
  request.length = *length;
  request.absentIsZero = fields.Get("absentIsZero").ToBoolean().Value();
  if (!fields.Get("limit").IsUndefined()) {
    const auto limit = toUint(fields.Get("limit"));
    if (!limit) return failArgument(env, "a limit");
    request.limit = *limit;
  }
  return startImageTask<ImageDiff>(
      env,
      [request, first = std::move(first), second = std::move(second)](const CancelFlag& cancel,
                                                                      Progress& progress) noexcept {
        return diffImages(request, progress, cancel);
      },
      diffToJs);
}

Napi::Value Image::statistics(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (image_ == nullptr) return fail(env, imageClosed());
  const RamBlock* block = blockOf(*image_, info[0]);
  if (block == nullptr) return failArgument(env, "a block");
  return startImageTask<BlockStatistics>(
      env,
      [image = image_, block, content = info[1].ToBoolean().Value()](const CancelFlag& cancel,
                                                                     Progress& progress) noexcept {
        return blockStatistics(image->image, *block, content, progress, cancel);
      },
      [](Napi::Env answerEnv, const BlockStatistics& found) -> Napi::Value {
        Napi::Object out = Napi::Object::New(answerEnv);
        out.Set("pages", number(answerEnv, found.pages));
        out.Set("absent", number(answerEnv, found.absent));
        out.Set("zero", number(answerEnv, found.zero));
        out.Set("filled", number(answerEnv, found.filled));
        out.Set("stored", number(answerEnv, found.stored));
        out.Set("packed", number(answerEnv, found.packed));
        out.Set("zeroContent",
                found.zeroContent ? number(answerEnv, *found.zeroContent) : answerEnv.Null());
        return out;
      });
}

Napi::Value Image::hash(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (image_ == nullptr) return fail(env, imageClosed());
  const RamBlock* block = blockOf(*image_, info[0]);
  if (block == nullptr) return failArgument(env, "a block");
  const auto start = info[1].IsUndefined() ? std::optional<std::uint64_t>(0) : toUint(info[1]);
  const auto end = info[2].IsUndefined() ? std::optional(block->length) : toUint(info[2]);
  if (!start || !end) return failArgument(env, "a start and an end");
  return startImageTask<std::string>(
      env,
      [image = image_, block, from = *start, to = *end](const CancelFlag& cancel,
                                                        Progress& progress) noexcept {
        return hashBlock(image->image, *block, from, to, progress, cancel);
      },
      [](Napi::Env answerEnv, const std::string& hex) -> Napi::Value {
        return Napi::String::New(answerEnv, hex);
      });
}

Napi::Value Image::pageMap(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (image_ == nullptr) return fail(env, imageClosed());
  const RamBlock* block = blockOf(*image_, info[0]);
  const auto cells = toUint(info[1]);
  if (block == nullptr || !cells || *cells == 0 || *cells > kMostCells) {
    return failArgument(env, "a block and a number of cells");
  }
  return startImageTask<BlockMap>(
      env,
      [image = image_, block, count = static_cast<std::uint32_t>(*cells)](
          const CancelFlag& cancel, Progress&) noexcept { return blockMap(*block, count, cancel); },
      [](Napi::Env answerEnv, const BlockMap& map) {
        return mapToJs(answerEnv, map.pagesPerCell, map.cells);
      });
}

Napi::Value Image::extract(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (image_ == nullptr) return fail(env, imageClosed());
  const RamBlock* block = blockOf(*image_, info[0]);
  const auto fd = toUint(info[1]);
  if (block == nullptr || !fd || *fd > INT32_MAX) return failArgument(env, "a block and a file");
  // A copy: the caller may close its own while we write.
  Descriptor file = Descriptor::own(::fcntl(static_cast<int>(*fd), F_DUPFD_CLOEXEC, 0));
  if (!file.isOpen()) return fail(env, Status::system("fcntl", errno));
  return startImageTask<std::uint64_t>(
      env,
      [image = image_, block, file = std::move(file)](const CancelFlag& cancel,
                                                      Progress& progress) noexcept {
        return extractBlock(image->image, *block, file.get(), progress, cancel);
      },
      [](Napi::Env answerEnv, std::uint64_t written) { return number(answerEnv, written); });
}

Napi::Value Image::readBytes(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (image_ == nullptr) return fail(env, imageClosed());
  const RamBlock* block = blockOf(*image_, info[0]);
  const auto offset = toUint(info[1]);
  const auto length = toUint(info[2]);
  if (block == nullptr || !offset || !length || *length > kMostBytes) {
    return failArgument(env, "a block, an offset and a length up to 1 GiB");
  }
  return startImageTask<Bytes>(
      env,
      [image = image_, block, at = *offset, size = *length](const CancelFlag&, Progress&) noexcept {
        return readNew(
            size, [&](std::span<std::uint8_t> out) { return image->image.read(*block, at, out); });
      },
      bytesToJs);
}

Napi::Value Image::readInput(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (image_ == nullptr) return fail(env, imageClosed());
  const auto input = toUint(info[0]);
  const auto offset = toUint(info[1]);
  const auto length = toUint(info[2]);
  if (!input || *input >= image_->image.inputs.size() || !offset || !length ||
      *length > kMostBytes) {
    return failArgument(env, "a file, an offset and a length up to 1 GiB");
  }
  return startImageTask<Bytes>(
      env,
      [image = image_, which = *input, at = *offset, size = *length](const CancelFlag&,
                                                                     Progress&) noexcept {
        return readNew(size, [&](std::span<std::uint8_t> out) {
          return image->image.inputs[which].read(at, out);
        });
      },
      bytesToJs);
}

}  // namespace drover
