// The description of device state at the end of most streams (JSON): how long each device's payload
// is, and the page size. Reads only the sizes, to walk streams without
// footers, and checks each against the stream. src/vmstate reads the same JSON for field values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "core/image/input_file.h"

namespace drover {

struct Description {
  std::uint64_t offset = 0;  // of the text
  std::uint64_t length = 0;
  std::optional<std::uint64_t> pageBytes;
  // By name (as the text has it) and instance.
  std::map<std::pair<std::string, std::uint64_t>, std::uint64_t, std::less<>> payloadBytes;

  [[nodiscard]] std::optional<std::uint64_t> sizeOf(const std::string& name,
                                                    std::uint32_t instance) const;
};

// Looks for it at the end of the file, without walking there. Nothing when it is not there or
// broken.
std::optional<Description> findDescription(const InputFile& file, std::uint64_t streamStart);

// Looked for when it is first asked for, since a file that grows has its end last.
class LateDescription {
 public:
  const std::optional<Description>& of(const InputFile& file, std::uint64_t streamStart) {
    if (!std::exchange(sought_, true)) found_ = findDescription(file, streamStart);
    return found_;
  }

 private:
  bool sought_ = false;
  std::optional<Description> found_;
};

}  // namespace drover
