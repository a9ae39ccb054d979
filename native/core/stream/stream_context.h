// The shared state of one parse.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/cancel.h"
#include "core/image/ram_image.h"
#include "core/progress.h"
#include "core/stream/reason.h"
#include "core/stream/stream_report.h"

namespace drover {

struct StreamContext {
  std::vector<InputFile>& inputs;
  StreamReport& report;
  const CancelFlag& cancel;
  Progress* progress = nullptr;
  // Where records make no sense, go on at the next chunk of RAM.
  bool resync = false;
  // Only finds out whether the stream parses: no index, no decoding.
  bool dry = false;

  ParseError error;
  // RAM records made no sense, as they do when the page size is wrong.
  bool derailed = false;

  // Always false, for `return context.fail(...)`. The first failure is the one that counts.
  bool fail(std::uint32_t input, std::uint64_t offset, std::string text) {
    if (error.ok()) error = {std::move(text), input, offset};
    return false;
  }
  // False when the work must end.
  [[nodiscard]] bool alive() { return !cancel.isSet() || fail(report.mainInput, 0, "cancelled"); }
  void advance(std::uint64_t bytes) const noexcept {
    if (progress != nullptr && !dry) progress->add(bytes);
  }
};

}  // namespace drover
