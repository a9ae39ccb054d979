// What a migration stream holds beside RAM, as a StreamReport of src/native/stream-report.ts.
#pragma once

#include <napi.h>

#include "core/stream/stream_report.h"

namespace drover {

Napi::Value reportToJs(Napi::Env env, const RamImage& image, const StreamReport& report);

}  // namespace drover
