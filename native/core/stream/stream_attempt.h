// One attempt to parse a stream, from its header to its end, with one assumed page size.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "core/stream/description.h"
#include "core/stream/multifd/multifd.h"
#include "core/stream/parse_stream.h"
#include "core/stream/ram/ram_section.h"
#include "core/stream/stream_judge.h"
#include "core/stream/stream_walker.h"

namespace drover {

// Which of the files is what.
struct StreamRoles {
  std::uint32_t main = 0;
  std::uint64_t offset = 0;             // of the stream in its file
  std::vector<std::uint32_t> channels;  // multifd
  std::vector<std::uint32_t> bare;      // postcopy preempt
};

struct PageBytes {
  std::uint32_t value;
  PageBytesSource source;
};

// All of it outlives the attempts.
struct StreamRequest {
  RamImage& image;
  const StreamRoles& roles;
  const OpenOptions& options;
  const CancelFlag& cancel;
  const StreamLimits& limits;
  LateDescription& description;
};

enum class AttemptMode : std::uint8_t {
  whole,
  dry,     // only finds out whether it parses, and how many marks there are
  resync,  // seeks the next chunk after records that make no sense
};

class StreamAttempt {
 public:
  StreamAttempt(const StreamRequest& request, PageBytes pageBytes, AttemptMode mode);

  // Null: the channels are not read.
  bool run(const BoundaryStyle* style);
  // Blocks into the image, after a run that went well or is to be salvaged.
  void finish();

  [[nodiscard]] StreamReport& report() noexcept { return report_; }
  [[nodiscard]] const ParseError& error() const noexcept { return context_.error; }
  // Another page size may help.
  [[nodiscard]] bool derailed() const noexcept { return context_.derailed; }
  [[nodiscard]] std::optional<std::uint64_t> otherPageBytes() const noexcept {
    return ram_.otherPageBytes();
  }
  [[nodiscard]] PageBytes pageBytes() const noexcept {
    return {report_.pageBytes, report_.pageBytesSource};
  }
  // The description of devices, which was not read before, names the page size that was assumed.
  void confirmPageBytes() noexcept { report_.pageBytesSource = PageBytesSource::vmdesc; }
  [[nodiscard]] bool ramEnded() const noexcept { return walker_ != nullptr && walker_->ramEnded(); }

 private:
  bool takeBare(std::uint32_t input);
  [[nodiscard]] StreamState stateOf() const;
  [[nodiscard]] bool devicesAlone() const;

  StreamRequest request_;
  StreamReport report_;
  StreamContext context_;
  RamSection ram_;
  bool fixed_;
  std::unique_ptr<Multifd> multifd_;
  std::unique_ptr<StreamWalker> walker_;
};

}  // namespace drover
