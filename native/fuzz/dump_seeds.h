// Small dumps of each format, for the fuzzer of everything that is no stream.
#pragma once

#include <functional>
#include <string>

#include "tests/stream_builder.h"

namespace drover::fuzz {

// Calls save(name, file) for each.
void dumpSeeds(const std::function<void(const std::string&, const test::Bytes&)>& save);

}  // namespace drover::fuzz
