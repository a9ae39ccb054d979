// The methods of Image that need no contract with the guest: counting, comparing, reading.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <vector>

#include "addon/image.h"
#include "addon/image_task.h"
#include "core/checks/block_pages.h"
#include "core/checks/extract.h"
#include "core/checks/image_diff.h"
#include "core/checks/read_block.h"

namespace drover {
namespace {

// Larger pieces than this are refused: a hostile file may claim any length.
constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 30;
constexpr std::uint64_t kMostCells = std::uint64_t{1} << 20;
constexpr std::uint64_t kMostThreads = 1024;
// Doubles are exact up to here.
constexpr double kMostExact = 9007199254740991;

// A Uint8Array that a task fills.
struct Target {
  Napi::ObjectReference owner;  // for the JS thread only
  std::span<std::uint8_t> bytes;
};

std::optional<Target> targetOf(const Napi::Value& value) {
  if (!value.IsTypedArray()) return std::nullopt;
  auto array = value.As<Napi::Uint8Array>();
  if (array.TypedArrayType() != napi_uint8_array || array.ElementLength() > kMostBytes) {
    return std::nullopt;
  }
  // SAFETY: nobody uses or transfers it before the task has ended, as image-addon.ts demands.
  return Target{Napi::Persistent(value.As<Napi::Object>()), {array.Data(), array.ElementLength()}};
}

std::optional<std::uint32_t> blockOrNull(const OpenedImage& image, const Napi::Value& value,
                                         bool& wrong) {
  if (value.IsNull()) return std::nullopt;
  wrong = wrong || blockOf(image, value) == nullptr;
  return wrong ? std::nullopt : std::optional(static_cast<std::uint32_t>(*toUint(value)));
}

// Four numbers for each range, as image-addon.ts says.
std::optional<std::vector<CopiedRange>> rangesOf(const Napi::Value& value) {
  if (!value.IsTypedArray()) return std::nullopt;
  const auto numbers = value.As<Napi::Float64Array>();
  if (numbers.TypedArrayType() != napi_float64_array || numbers.ElementLength() % 4 != 0) {
    return std::nullopt;
  }
  std::vector<CopiedRange> ranges;
  for (std::size_t i = 0; i < numbers.ElementLength(); i += 4) {
    std::array<std::uint64_t, 4> fields{};
    for (std::size_t field = 0; field < fields.size(); ++field) {
      const double number = numbers[i + field];
      if (!(number >= 0 && number <= kMostExact)) return std::nullopt;
      fields[field] = static_cast<std::uint64_t>(number);
    }
    const std::uint64_t block = std::min<std::uint64_t>(fields[0], UINT32_MAX);
    ranges.push_back({static_cast<std::uint32_t>(block), fields[1], fields[2], fields[3]});
  }
  return ranges;
}

const char* differenceName(DifferenceKind kind) {
  if (kind == DifferenceKind::content) return "content";
  return kind == DifferenceKind::absentInFirst ? "absent-in-first" : "absent-in-second";
}

Napi::Value differenceToJs(Napi::Env env, const Difference& run, std::uint64_t pageBytes) {
  const bool content = run.kind == DifferenceKind::content;
  Napi::Object out = Napi::Object::New(env);
  out.Set("start", run.start);
  out.Set("end", run.start + run.bytes);
  out.Set("pages", (run.bytes + pageBytes - 1) / pageBytes);
  out.Set("kind", differenceName(run.kind));
  out.Set("byteOffset", content ? number(env, run.byteOffset) : env.Null());
  out.Set("first", content ? number(env, run.first) : env.Null());
  out.Set("second", content ? number(env, run.second) : env.Null());
  return out;
}

Napi::Value diffToJs(Napi::Env env, const ImageDiff& diff) {
  const auto run = [&](const Difference& one) { return differenceToJs(env, one, diff.pageBytes); };
  Napi::Object out = Napi::Object::New(env);
  out.Set("pageBytes", diff.pageBytes);
  out.Set("pages", diff.pages);
  out.Set("differentPages", diff.differentPages);
  out.Set("differentRuns", diff.differentRuns);
  out.Set("differentBytes", diff.differentBytes);
  out.Set("absentInFirst", diff.absentInFirst);
  out.Set("absentInSecond", diff.absentInSecond);
  out.Set("absentInBoth", diff.absentInBoth);
  out.Set("runs", arrayOf(env, diff.runs, run));
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
        out.Set("pages", found.pages);
        out.Set("absent", found.absent);
        out.Set("zero", found.zero);
        out.Set("filled", found.filled);
        out.Set("stored", found.stored);
        out.Set("packed", found.packed);
        out.Set("zeroContent", numberOrNull(answerEnv, found.zeroContent));
        return out;
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
  auto ranges = rangesOf(info[0]);
  const auto fileBytes = toUint(info[1]);
  const auto fd = toUint(info[2]);
  const auto threads = toUint(info[3]);
  if (!ranges || !fileBytes || !fd || *fd > INT32_MAX || !threads || *threads > kMostThreads) {
    return failArgument(env, "ranges, a length, a file and a number of threads");
  }
  // A copy: the caller may close its own while we write.
  Descriptor file = Descriptor::own(::fcntl(static_cast<int>(*fd), F_DUPFD_CLOEXEC, 0));
  if (!file.isOpen()) return fail(env, Status::system("fcntl", errno));
  return startImageTask<Copied>(
      env,
      [image = image_, ranges = std::move(*ranges), bytes = *fileBytes, file = std::move(file),
       count = static_cast<unsigned>(*threads)](const CancelFlag& cancel,
                                                Progress& progress) noexcept {
        return extractRanges(image->image, ranges, bytes, file.get(), count, progress, cancel);
      },
      [](Napi::Env answerEnv, const Copied& copied) {
        Napi::Object out = Napi::Object::New(answerEnv);
        out.Set("written", copied.written);
        out.Set("absent", copied.absent);
        const auto toJs = [&](std::uint64_t offset) { return number(answerEnv, offset); };
        out.Set("kernelNotes", arrayOf(answerEnv, copied.kernelNotes, toJs));
        return out;
      });
}

Napi::Value Image::heldRanges(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (image_ == nullptr) return fail(env, imageClosed());
  const RamBlock* block = blockOf(*image_, info[0]);
  const auto start = toUint(info[1]);
  const auto end = toUint(info[2]);
  if (block == nullptr || !start || !end) return failArgument(env, "a block, a start and an end");
  return startImageTask<std::vector<HeldRange>>(
      env,
      [image = image_, block, from = *start, to = *end](const CancelFlag& cancel,
                                                        Progress&) noexcept {
        return drover::heldRanges(*block, from, to, cancel);
      },
      [](Napi::Env answerEnv, const std::vector<HeldRange>& held) {
        Napi::Float64Array numbers = Napi::Float64Array::New(answerEnv, held.size() * 2);
        for (std::size_t i = 0; i < held.size(); ++i) {
          numbers[2 * i] = static_cast<double>(held[i].start);
          numbers[2 * i + 1] = static_cast<double>(held[i].end);
        }
        return numbers;
      });
}

Napi::Value Image::storedRanges(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (image_ == nullptr) return fail(env, imageClosed());
  const RamBlock* block = blockOf(*image_, info[0]);
  if (block == nullptr) return failArgument(env, "a block");
  return startImageTask<std::vector<StoredRange>>(
      env,
      [image = image_, block](const CancelFlag& cancel, Progress&) noexcept {
        return drover::storedRanges(*block, 0, block->length, cancel);
      },
      [](Napi::Env answerEnv, const std::vector<StoredRange>& stored) {
        Napi::Float64Array numbers = Napi::Float64Array::New(answerEnv, stored.size() * 4);
        for (std::size_t i = 0; i < stored.size(); ++i) {
          numbers[4 * i] = static_cast<double>(stored[i].start);
          numbers[4 * i + 1] = static_cast<double>(stored[i].length);
          numbers[4 * i + 2] = stored[i].input;
          numbers[4 * i + 3] = static_cast<double>(stored[i].fileOffset);
        }
        return numbers;
      });
}

Napi::Value Image::readBytes(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (image_ == nullptr) return fail(env, imageClosed());
  const RamBlock* block = blockOf(*image_, info[0]);
  const auto offset = toUint(info[1]);
  auto target = targetOf(info[2]);
  if (block == nullptr || !offset || !target) {
    return failArgument(env, "a block, an offset and a Uint8Array of up to 1 GiB");
  }
  return startImageTask<std::uint64_t>(
      env,
      [image = image_, block, at = *offset, into = std::move(*target)](const CancelFlag& cancel,
                                                                       Progress&) noexcept {
        return readBlock(image->image, *block, at, into.bytes, cancel);
      },
      [](Napi::Env answerEnv, std::uint64_t absent) { return number(answerEnv, absent); });
}

Napi::Value Image::readInput(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (image_ == nullptr) return fail(env, imageClosed());
  const auto input = toUint(info[0]);
  const auto offset = toUint(info[1]);
  auto target = targetOf(info[2]);
  if (!input || *input >= image_->image.inputs.size() || !offset || !target) {
    return failArgument(env, "a file, an offset and a Uint8Array of up to 1 GiB");
  }
  return startImageTask<bool>(
      env,
      [image = image_, which = *input, at = *offset, into = std::move(*target)](
          const CancelFlag&, Progress&) noexcept {
        return Result<bool>{image->image.inputs[which].read(at, into.bytes), true};
      },
      [](Napi::Env answerEnv, bool) { return answerEnv.Undefined(); });
}

}  // namespace drover
