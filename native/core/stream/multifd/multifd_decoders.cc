#include <zlib.h>
#include <zstd.h>

#include "core/stream/multifd/multifd_packet.h"

namespace drover {
namespace {

class ZlibDecoder final : public ChannelDecoder {
 public:
  ZlibDecoder() noexcept : ready_(inflateInit(&stream_) == Z_OK) {}
  ~ZlibDecoder() override {
    if (ready_) inflateEnd(&stream_);
  }

  void feed(std::span<const std::uint8_t> input) noexcept override {
    stream_.next_in = const_cast<std::uint8_t*>(input.data());  // zlib only reads there
    stream_.avail_in = static_cast<uInt>(input.size());
  }
  [[nodiscard]] std::size_t waiting() const noexcept override { return stream_.avail_in; }

  std::int64_t decode(std::span<std::uint8_t> out) noexcept override {
    if (!ready_) return -1;
    stream_.next_out = out.data();
    stream_.avail_out = static_cast<uInt>(out.size());
    const int result = inflate(&stream_, Z_SYNC_FLUSH);
    if (result != Z_OK && result != Z_BUF_ERROR) return -1;  // the stream never ends either
    return static_cast<std::int64_t>(out.size() - stream_.avail_out);
  }

 private:
  z_stream stream_{};
  bool ready_;
};

class ZstdDecoder final : public ChannelDecoder {
 public:
  ZstdDecoder() noexcept : stream_(ZSTD_createDStream()) {
    // What the highest level of a writer needs, and no more: a window is memory.
    constexpr int kWindowLog = 26;
    if (stream_ != nullptr) ZSTD_DCtx_setParameter(stream_, ZSTD_d_windowLogMax, kWindowLog);
  }
  ~ZstdDecoder() override { ZSTD_freeDStream(stream_); }

  void feed(std::span<const std::uint8_t> input) noexcept override {
    input_ = {input.data(), input.size(), 0};
  }
  [[nodiscard]] std::size_t waiting() const noexcept override { return input_.size - input_.pos; }

  std::int64_t decode(std::span<std::uint8_t> out) noexcept override {
    if (stream_ == nullptr) return -1;
    ZSTD_outBuffer output{out.data(), out.size(), 0};
    const std::size_t result = ZSTD_decompressStream(stream_, &output, &input_);
    return ZSTD_isError(result) != 0 ? -1 : static_cast<std::int64_t>(output.pos);
  }

 private:
  ZSTD_DStream* stream_;
  ZSTD_inBuffer input_{};
};

}  // namespace

std::unique_ptr<ChannelDecoder> makeZlibDecoder() noexcept {
  return std::make_unique<ZlibDecoder>();
}

std::unique_ptr<ChannelDecoder> makeZstdDecoder() noexcept {
  return std::make_unique<ZstdDecoder>();
}

}  // namespace drover
