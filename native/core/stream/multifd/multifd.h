// The channels of a multifd migration, read in step with the main stream: when that reaches a
// boundary, each channel is read up to its next synchronisation mark. Within one step a page is
// sent once, so the order of channels does not matter.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/stream/multifd/multifd_packet.h"
#include "core/stream/ram/ram_section.h"
#include "core/stream/stream_context.h"

namespace drover {

enum class BoundaryStyle : std::uint8_t { flushMarks, endOfSectionMarks };

class Multifd final : public BoundaryListener {
 public:
  Multifd(StreamContext& context, RamSection& ram, BoundaryStyle style)
      : context_(context), ram_(ram), style_(style), packet_(std::make_unique<MultifdPacket>()) {}

  // Reads the channel's first bytes. All channels before the main stream.
  bool addChannel(std::uint32_t input);
  // After the last was added: each id is there, and all are of one guest.
  bool checkChannels();

  bool flushMark() override {
    return style_ != BoundaryStyle::flushMarks || !counting_ || boundary();
  }
  bool endOfSectionMark() override {
    return style_ != BoundaryStyle::endOfSectionMarks || !counting_ || boundary();
  }
  // The main stream carries the pages from here on, and its marks mean nothing any more.
  bool postcopyBegins();

  // After the main stream: nothing should be left in the channels.
  bool finish();
  // Into the report, also after a failure.
  void publish();

 private:
  struct Channel {
    std::uint32_t input;
    ByteReader reader;
    std::array<std::uint8_t, 16> uuid{};
    std::uint32_t compression = 0;
    std::unique_ptr<ChannelDecoder> decoder;
    ChannelReport report;
    bool newNumbers = false;  // its marks are packets of their own, and packets are numbered
  };

  bool boundary();
  bool drain();
  // One packet and its pages.
  bool readPacket(Channel& channel);
  bool decode(Channel& channel, std::uint16_t block);
  bool decodePages(Channel& channel, std::uint16_t block, std::uint64_t& pages);
  bool checkNumbers();
  bool fail(const Channel& channel, std::uint64_t offset, const std::string& text);
  [[nodiscard]] RamSection::Delivery delivery(const Channel& channel, std::uint16_t block,
                                              std::uint32_t index,
                                              std::uint64_t at) const noexcept {
    return {channel.input, at, block, packet_->offset(index)};
  }

  StreamContext& context_;
  RamSection& ram_;
  BoundaryStyle style_;
  std::unique_ptr<MultifdPacket> packet_;
  std::vector<Channel> channels_;
  bool counting_ = true;
  std::uint64_t boundaries_ = 0;
  // Of all packet numbers, to notice a gap without keeping them.
  std::uint64_t numbers_ = 0;
  std::uint64_t numberSum_ = 0;
  std::uint64_t highestNumber_ = 0;
  std::vector<std::uint8_t> page_;
  std::vector<std::uint8_t> input_;
};

}  // namespace drover
