// A stream's report as JSON, for the binding. Keys are the names of the struct's fields. Byte
// strings have one character a byte, so that names which are no UTF-8 survive.
#pragma once

#include <string>

#include "core/stream/stream_report.h"

namespace drover {

std::string reportJson(const RamImage& image, const StreamReport& report);

}  // namespace drover
