// Shared by the methods of Image: tasks with progress, and conversions.
#pragma once

#include <napi.h>

#include <memory>
#include <utility>

#include "addon/convert.h"
#include "addon/task.h"
#include "core/checks/page_cells.h"
#include "core/open_image.h"
#include "core/progress.h"

namespace drover {

using SharedImage = std::shared_ptr<const OpenedImage>;

Napi::Object withProgress(Napi::Env env, const Napi::Value& handle,
                          std::shared_ptr<const Progress> progress);

// work(cancel, progress) -> Result<T> on the task's thread, convert(env, T&) on the JS thread. The
// answer is {promise, cancel, progress}.
template <class T, class Work, class Convert>
Napi::Value startImageTask(Napi::Env env, Work work, Convert convert) {
  const auto progress = std::make_shared<Progress>();
  const Napi::Value handle = startTask<T>(
      env,
      [work = std::move(work), progress](const CancelFlag& cancel) mutable noexcept {
        return work(cancel, *progress);
      },
      std::move(convert));
  if (env.IsExceptionPending()) return handle;
  return withProgress(env, handle, progress);
}

inline Status imageClosed() noexcept {
  return Status::of(Fault::badArgument, "this image was closed");
}

// The block that an index means, or nullptr.
const RamBlock* blockOf(const OpenedImage& image, const Napi::Value& index);

Napi::Value mapToJs(Napi::Env env, std::uint64_t pagesPerCell, const std::vector<PageCell>& cells);

// `request` is a NativeImageCheckRequest.
Napi::Value startImageCheck(Napi::Env env, const Napi::Value& request, SharedImage image);
// `request` is a NativeDiffRequest.
Napi::Value startDiff(Napi::Env env, const Napi::Value& request, SharedImage first,
                      SharedImage second);
// A message about what is wrong with a NativeOpenOptions, or nullptr.
const char* parseOpenOptions(const Napi::Value& value, OpenOptions& out);

}  // namespace drover
