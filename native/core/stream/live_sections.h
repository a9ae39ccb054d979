// Payloads of live sections other than ram. They contain their own length; nothing else is read
// from them.
#pragma once

#include <string_view>

#include "core/stream/byte_reader.h"

namespace drover {

enum class LivePayload : std::uint8_t {
  read,     // the reader stands behind it
  unknown,  // not a section that is known here: its end must be searched for
  broken,
};

LivePayload skipLivePayload(std::string_view name, ByteReader& reader) noexcept;

}  // namespace drover
