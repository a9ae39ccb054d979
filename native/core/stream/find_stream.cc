#include "core/stream/find_stream.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "core/stream/byte_reader.h"

namespace drover {
namespace {

constexpr std::uint64_t kSearchWindow = std::uint64_t{1} << 20U;
constexpr std::array<std::uint8_t, 8> kHeader{'Q', 'E', 'V', 'M', 0, 0, 0, 3};

bool elementAt(const InputFile& file, std::uint64_t position) noexcept {
  ByteReader reader(file, position);
  const std::uint8_t type = reader.u8();
  return !reader.cut() && (type == 7 || type == 1 || type == 4 || type == 8);
}

}  // namespace

std::optional<std::uint64_t> findStream(const InputFile& file, std::uint64_t from,
                                        std::uint64_t limit) noexcept {
  if (from > file.size()) return {};
  const std::uint64_t end = from + std::min(limit, file.size() - from);
  while (end - from >= kHeader.size()) {
    const std::uint64_t length = std::min(kSearchWindow, end - from);
    std::uint64_t found = length;
    const Status status = file.visit(from, length, [&](const std::uint8_t* bytes) noexcept {
      const void* const hit = ::memmem(bytes, length, kHeader.data(), kHeader.size());
      if (hit != nullptr) {
        found = static_cast<std::uint64_t>(static_cast<const std::uint8_t*>(hit) - bytes);
      }
    });
    if (!status.ok()) return {};
    if (found == length) {
      from += length - (kHeader.size() - 1);
      continue;
    }
    if (elementAt(file, from + found + kHeader.size())) return from + found;
    from += found + 1;
  }
  return {};
}

}  // namespace drover
