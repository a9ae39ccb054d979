#include "core/stream/ram/inflate_page.h"

#include <zlib.h>

#include <vector>

#include "core/stream/byte_reader.h"

namespace drover {
namespace {

Status bad(std::uint64_t at, const char* what) noexcept {
  return {Fault::badData, 0, what, at};
}

}  // namespace

Status inflatePage(const InputFile& file, std::uint64_t at, std::span<std::uint8_t> page) noexcept {
  ByteReader reader(file, at);
  const std::uint32_t length = reader.u32();
  if (reader.cut()) return Status::at(Fault::tooSmall, at);
  if (length > compressedPageLimit(static_cast<std::uint32_t>(page.size()))) {
    return bad(at, "a compressed page longer than it can be");
  }
  std::vector<std::uint8_t> packed(length);
  if (!reader.bytes(packed)) return Status::at(Fault::tooSmall, at);

  z_stream stream{};
  if (inflateInit(&stream) != Z_OK) return Status::of(Fault::outOfMemory, "inflateInit");
  stream.next_in = packed.data();
  stream.avail_in = length;
  stream.next_out = page.data();
  stream.avail_out = static_cast<uInt>(page.size());
  const int result = inflate(&stream, Z_FINISH);
  const bool whole = result == Z_STREAM_END && stream.avail_out == 0 && stream.avail_in == 0;
  inflateEnd(&stream);
  return whole ? Status{} : bad(at, "a compressed page that does not become one page");
}

}  // namespace drover
