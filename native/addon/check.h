// A check of guest memory as a task: scan, verdict and upstream's report, off the JS thread.
#pragma once

#include <napi.h>

#include <functional>
#include <memory>

#include "core/ram/page_source.h"

namespace drover {

// Made on the task's thread from the checked start and step.
using SourceMaker =
    std::function<std::shared_ptr<const PageSource>(std::uint64_t start, std::uint64_t step)>;

// `request` is a NativeCheckRequest.
Napi::Value startCheck(Napi::Env env, const Napi::Value& request, SourceMaker makeSource);

}  // namespace drover
