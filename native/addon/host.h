// The addon's functions about descriptors, children and the host.
#pragma once

#include <napi.h>

namespace drover {

void defineHost(Napi::Env env, Napi::Object& exports);

}  // namespace drover
