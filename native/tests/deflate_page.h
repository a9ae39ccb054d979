// zlib streams for tests.
#pragma once

#include <zlib.h>

#include "tests/stream_builder.h"

namespace drover::test {

// A whole stream.
inline Bytes deflated(const Bytes& plain) {
  Bytes out(compressBound(plain.size()));
  uLongf length = out.size();
  ::compress(out.data(), &length, plain.data(), plain.size());
  out.resize(length);
  return out;
}

// One stream over several pieces, as a channel sends it.
class PiecewiseDeflater {
 public:
  PiecewiseDeflater() { ::deflateInit(&stream_, 1); }
  ~PiecewiseDeflater() { ::deflateEnd(&stream_); }
  PiecewiseDeflater(const PiecewiseDeflater&) = delete;
  PiecewiseDeflater& operator=(const PiecewiseDeflater&) = delete;

  Bytes next(Bytes piece) {
    Bytes out(compressBound(piece.size()) + 64);
    stream_.next_in = piece.data();
    stream_.avail_in = static_cast<uInt>(piece.size());
    stream_.next_out = out.data();
    stream_.avail_out = static_cast<uInt>(out.size());
    ::deflate(&stream_, Z_SYNC_FLUSH);
    return {out.data(), stream_.next_out};
  }

 private:
  z_stream stream_{};
};

}  // namespace drover::test
