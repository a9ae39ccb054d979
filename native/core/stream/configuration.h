// The configuration section directly after a stream's header.
#pragma once

#include <cstdint>
#include <optional>

#include "core/stream/byte_reader.h"
#include "core/stream/stream_context.h"

namespace drover {

// Reads it if it is there, into the report; page bits come back. False on an error.
bool readConfiguration(StreamContext& context, ByteReader& reader,
                       std::optional<std::uint32_t>& pageBits);

}  // namespace drover
