// Reads the fields of a stream one after another: big-endian, packed. A read beyond the end gives
// zero and sets a flag, so that a caller can check once after several fields.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>

#include "core/image/input_file.h"

namespace drover {

template <class T>
T fromBigEndian(const std::uint8_t* bytes) noexcept {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  if constexpr (std::endian::native == std::endian::little && sizeof(T) > 1) {
    if constexpr (sizeof(T) == 2) return __builtin_bswap16(value);
    if constexpr (sizeof(T) == 4) return __builtin_bswap32(value);
    if constexpr (sizeof(T) == 8) return __builtin_bswap64(value);
  }
  return value;
}

// One length byte and that many bytes.
class ShortName {
 public:
  [[nodiscard]] std::string_view view() const noexcept { return {bytes_.data(), length_}; }

 private:
  friend class ByteReader;
  std::array<char, 255> bytes_{};
  std::uint8_t length_ = 0;
};

class ByteReader {
 public:
  // Reads [position, end); `end` is at most the file's size. Without an end: to that of the file,
  // which a file that grows is only asked for by end(), left() and what does not fit.
  ByteReader(const InputFile& file, std::uint64_t position,
             std::optional<std::uint64_t> end = {}) noexcept
      : file_(&file), position_(position), end_(end) {}

  std::uint8_t u8() noexcept { return field<std::uint8_t>(); }
  std::uint16_t u16() noexcept { return field<std::uint16_t>(); }
  std::uint32_t u32() noexcept { return field<std::uint32_t>(); }
  std::uint64_t u64() noexcept { return field<std::uint64_t>(); }

  void name(ShortName& out) noexcept {
    out.length_ = u8();
    if (!bytes({reinterpret_cast<std::uint8_t*>(out.bytes_.data()), out.length_})) out.length_ = 0;
  }

  bool bytes(std::span<std::uint8_t> out) noexcept {
    if (cut_ || !has(out.size()) || !file_->read(position_, out).ok()) {
      cut_ = true;
      return false;
    }
    position_ += out.size();
    return true;
  }

  bool skip(std::uint64_t length) noexcept {
    if (cut_ || !has(length)) {
      cut_ = true;
      return false;
    }
    position_ += length;
    return true;
  }

  void seek(std::uint64_t position) noexcept {
    if (end_ ? position > *end_ : !file_->holds(position, 0))
      cut_ = true;
    else
      position_ = position;
  }

  [[nodiscard]] const InputFile& file() const noexcept { return *file_; }
  [[nodiscard]] std::uint64_t position() const noexcept { return position_; }
  [[nodiscard]] std::uint64_t end() const noexcept { return end_ ? *end_ : file_->size(); }
  [[nodiscard]] std::uint64_t left() const noexcept { return end() - position_; }
  [[nodiscard]] bool has(std::uint64_t length) const noexcept {
    return end_ ? length <= *end_ - position_ : file_->holds(position_, length);
  }
  // See InputFile::window.
  [[nodiscard]] std::uint64_t window(std::uint64_t position, std::uint64_t least,
                                     std::uint64_t most) const noexcept {
    const std::uint64_t inFile = file_->window(position, least, most);
    return end_ ? std::min(inFile, *end_ - position) : inFile;
  }
  // Something was asked for that the file does not hold.
  [[nodiscard]] bool cut() const noexcept { return cut_; }

 private:
  template <class T>
  T field() noexcept {
    std::array<std::uint8_t, sizeof(T)> raw{};
    return bytes(raw) ? fromBigEndian<T>(raw.data()) : T{0};
  }

  const InputFile* file_;
  std::uint64_t position_;
  std::optional<std::uint64_t> end_;
  bool cut_ = false;
};

}  // namespace drover
