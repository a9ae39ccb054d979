// A real migration stream made small enough for a fuzzer: a few pages of each block, and all
// devices.
#pragma once

#include <string>

#include "tests/stream_builder.h"

namespace drover::fuzz {

// Empty when the file is no stream that can be read.
test::Bytes reduceStream(const std::string& path);
// The text that describes its devices; empty when there is none.
test::Bytes descriptionOf(const std::string& path);

}  // namespace drover::fuzz
