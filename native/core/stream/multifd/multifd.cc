#include "core/stream/multifd/multifd.h"

#include <algorithm>

namespace drover {
namespace {

constexpr std::size_t kPiece = 65536;  // of compressed bytes fed at once

const char* compressionName(std::uint32_t id) noexcept {
  switch (id) {
    case 0:
      return "none";
    case 1:
      return "zlib";
    case 2:
      return "zstd";
    case 4:
      return "QPL";
    case 8:
      return "UADK";
    case 16:
      return "QATzip";
    default:
      return "unknown";
  }
}

}  // namespace

bool Multifd::fail(const Channel& channel, std::uint64_t offset, const std::string& text) {
  return context_.fail(channel.input, offset,
                       reason("multifd channel %u, packet %llu: ", channel.report.id,
                              static_cast<unsigned long long>(channel.report.packets)) +
                           text);
}

bool Multifd::addChannel(std::uint32_t input) {
  const InputFile& file = context_.inputs[input];
  Channel& channel =
      channels_.emplace_back(Channel{input, ByteReader(file, 0), {}, 0, nullptr, {}, false});
  const std::uint32_t magic = channel.reader.u32();
  const std::uint32_t version = channel.reader.u32();
  channel.reader.bytes(channel.uuid);
  channel.report.input = input;
  channel.report.id = channel.reader.u8();
  channel.report.compression = "none";
  channel.reader.seek(kMultifdInitBytes);
  if (channel.reader.cut())
    return context_.fail(input, 0, "a multifd channel shorter than its first packet");
  if (magic != kMultifdMagic || version != 1) {
    return context_.fail(input, 0, "a multifd channel of unknown version");
  }
  return true;
}

bool Multifd::checkChannels() {
  std::sort(channels_.begin(), channels_.end(),
            [](const Channel& a, const Channel& b) { return a.report.id < b.report.id; });
  for (std::size_t i = 0; i < channels_.size(); ++i) {
    const Channel& channel = channels_[i];
    if (i > 0 && channel.report.id == channels_[i - 1].report.id) {
      return context_.fail(channel.input, 0,
                           reason("two captures of multifd channel %u", channel.report.id));
    }
    if (channel.report.id != i) {
      return context_.fail(channel.input, 0,
                           reason("the capture of multifd channel %zu is missing", i));
    }
    if (channel.uuid != channels_.front().uuid) {
      return context_.fail(channel.input, 8, "multifd channels of different guests");
    }
  }
  return true;
}

bool Multifd::boundary() {
  boundaries_ += 1;
  for (Channel& channel : channels_) {
    for (std::uint64_t seen = channel.report.syncs; channel.report.syncs == seen;) {
      if (channel.reader.left() == 0) {
        return fail(channel, channel.reader.position(),
                    reason("the capture ends before synchronisation mark %llu of the main stream",
                           static_cast<unsigned long long>(boundaries_)));
      }
      if (!readPacket(channel)) return false;
    }
  }
  ram_.endPass();
  return true;
}

bool Multifd::drain() {
  for (Channel& channel : channels_) {
    while (channel.reader.left() > 0) {
      if (!readPacket(channel)) return false;
    }
  }
  return true;
}

bool Multifd::postcopyBegins() {
  if (!counting_) return true;
  counting_ = false;
  return drain();
}

bool Multifd::readPacket(Channel& channel) {
  if (!context_.alive()) return false;
  MultifdPacket& packet = *packet_;
  ByteReader& reader = channel.reader;
  const std::uint32_t pageBytes = ram_.form().pageBytes;
  const std::uint64_t start = reader.position();
  if (const char* wrong = readMultifdPacket(reader, pageBytes, packet); wrong != nullptr) {
    return fail(channel, packet.at, wrong);
  }
  channel.report.packets += 1;
  if (packet.payloadBytes > reader.left())
    return fail(channel, packet.at, "the file ends inside its pages");
  channel.report.payloadBytes += packet.payloadBytes;
  const std::uint64_t next = reader.position() + packet.payloadBytes;
  if (packet.isDeviceState()) {
    channel.report.devicePackets += 1;
  } else {
    const std::uint32_t pages = packet.normal + packet.zero;
    if (packet.isSync()) channel.newNumbers = channel.newNumbers || packet.allocated == 0;
    numbers_ += 1;
    numberSum_ += packet.number;
    highestNumber_ = std::max(highestNumber_, packet.number);
    if (pages != 0) {
      const BlockName* const block = ram_.findBlock(packet.block());
      if (block == nullptr) {
        return fail(channel, packet.at,
                    "pages of block " + quoted(packet.block()) + ", which is not listed");
      }
      for (std::uint32_t i = 0; i < pages; ++i) {
        if (packet.offset(i) >= block->length || packet.offset(i) % pageBytes != 0) {
          return fail(channel, packet.at,
                      reason("page %u lies outside block ", i) + quoted(packet.block()));
        }
      }
      if (packet.normal != 0 && !decode(channel, block->block)) return false;
      for (std::uint32_t i = packet.normal; i < pages; ++i) {
        if (!ram_.deliverZero(delivery(channel, block->block, i, packet.at))) return false;
      }
      channel.report.pages += packet.normal;
      channel.report.zeroPages += packet.zero;
    }
    if (packet.isSync()) channel.report.syncs += 1;
  }
  reader.seek(next);
  context_.advance(next - start);
  return true;
}

bool Multifd::decode(Channel& channel, std::uint16_t block) {
  const MultifdPacket& packet = *packet_;
  const std::uint32_t pageBytes = ram_.form().pageBytes;
  const std::uint32_t compression = packet.compression();
  if (compression == 0) {
    if (packet.payloadBytes != std::uint64_t{packet.normal} * pageBytes) {
      return fail(channel, packet.at, "its size is not that of its pages");
    }
    const std::uint64_t at = channel.reader.position();
    for (std::uint32_t i = 0; i < packet.normal; ++i) {
      if (!ram_.deliverStored(delivery(channel, block, i, at + std::uint64_t{i} * pageBytes)))
        return false;
    }
    return true;
  }
  if (channel.decoder == nullptr) {
    channel.compression = compression;
    channel.report.compression = compressionName(compression);
    channel.decoder = compression == 1   ? makeZlibDecoder()
                      : compression == 2 ? makeZstdDecoder()
                                         : nullptr;
    if (channel.decoder == nullptr) {
      return fail(channel, packet.at,
                  reason("its pages are compressed with %s, which is not supported",
                         compressionName(compression)));
    }
  }
  if (compression != channel.compression)
    return fail(channel, packet.at, "its compression differs from earlier ones");
  if (context_.dry) return true;
  page_.resize(pageBytes);
  input_.resize(kPiece);
  std::uint64_t pages = 0;
  if (!decodePages(channel, block, pages)) return false;
  return pages == packet.normal || fail(channel, packet.at, "its data is shorter than its pages");
}

// The input is exactly the packet's payload and the output exactly its pages: anything else means
// that the stream is broken, and everything after it would be too.
bool Multifd::decodePages(Channel& channel, std::uint16_t block, std::uint64_t& pages) {
  const MultifdPacket& packet = *packet_;
  std::uint64_t left = packet.payloadBytes;
  std::size_t filled = 0;
  std::array<std::uint8_t, 1> beyond;
  bool stalled = false;
  channel.decoder->feed({});
  for (;;) {
    if (channel.decoder->waiting() == 0 && left > 0) {
      const std::size_t piece = std::min<std::uint64_t>(left, input_.size());
      const std::uint64_t at = channel.reader.position() + packet.payloadBytes - left;
      if (!context_.inputs[channel.input].read(at, {input_.data(), piece}).ok()) {
        return fail(channel, packet.at, "the file was cut short while it was read");
      }
      channel.decoder->feed({input_.data(), piece});
      left -= piece;
    }
    const std::size_t waiting = channel.decoder->waiting();
    const bool full = pages == packet.normal;
    const std::span<std::uint8_t> room =
        full ? std::span<std::uint8_t>(beyond) : std::span(page_).subspan(filled);
    const std::int64_t got = channel.decoder->decode(room);
    if (got < 0) return fail(channel, packet.at, "its compressed data is broken");
    if (full && got > 0) return fail(channel, packet.at, "its data is longer than its pages");
    filled += static_cast<std::size_t>(got);
    if (!full && filled == page_.size()) {
      const auto index = static_cast<std::uint32_t>(pages);
      if (!ram_.deliverDecoded(delivery(channel, block, index, packet.at), page_)) return false;
      filled = 0;
      pages += 1;
    }
    const bool moved = got > 0 || channel.decoder->waiting() != waiting;
    if (!moved && left == 0)
      return channel.decoder->waiting() == 0 ||
             fail(channel, packet.at, "its compressed data ends early");
    if (!moved && stalled) return fail(channel, packet.at, "its compressed data ends early");
    stalled = !moved;
  }
}

bool Multifd::finish() {
  if (!drain()) return false;
  for (const Channel& channel : channels_) {
    if (channel.report.syncs != boundaries_ && counting_) {
      return fail(channel, channel.reader.position(),
                  reason("%llu synchronisation marks, but the main stream has %llu",
                         static_cast<unsigned long long>(channel.report.syncs),
                         static_cast<unsigned long long>(boundaries_)));
    }
  }
  return checkNumbers();
}

void Multifd::publish() {
  for (Channel& channel : channels_) context_.report.channels.push_back(std::move(channel.report));
  channels_.clear();
}

// Writers that number their packets do it over all channels without a gap.
bool Multifd::checkNumbers() {
  const bool numbered =
      !channels_.empty() && std::all_of(channels_.begin(), channels_.end(),
                                        [](const Channel& channel) { return channel.newNumbers; });
  if (!numbered) return true;
  // Sum of 0 .. n-1; wraps alike on both sides.
  const std::uint64_t n = numbers_;
  const std::uint64_t expected = n % 2 == 0 ? n / 2 * (n - 1) : (n - 1) / 2 * n;
  return (highestNumber_ == n - 1 && numberSum_ == expected) ||
         context_.fail(
             channels_.front().input, 0,
             reason("%llu multifd packets, but their numbers go up to %llu: a channel is missing",
                    static_cast<unsigned long long>(n),
                    static_cast<unsigned long long>(highestNumber_)));
}

}  // namespace drover
