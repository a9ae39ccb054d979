// A verdict on one slice as a NativeSliceVerdict, whichever check found it.
#pragma once

#include <napi.h>

#include <string_view>

#include "core/checks/image_check.h"

namespace drover {

// What all slices of a check have in common.
struct VerdictFacts {
  StampLevel level = StampLevel::byte;
  std::uint64_t step = 0;
  std::string_view kernel;
  bool hasMap = false;
};

Napi::Value verdictToJs(Napi::Env env, const VerdictFacts& facts, const SliceVerdict& verdict);

}  // namespace drover
