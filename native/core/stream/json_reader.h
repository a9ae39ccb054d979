// Just enough JSON to walk through an untrusted text: no tree, bounded depth. Strings keep the
// escapes of the text.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace drover {

class JsonReader {
 public:
  explicit JsonReader(std::string_view text) noexcept : text_(text) {}

  // Calls member(key) for each member of an object; it must read the value. False at the first
  // thing that is wrong, which `member` reports by returning false itself.
  template <class Member>
  bool object(Member&& member);
  // Calls element() for each element of an array; it must read it.
  template <class Element>
  bool array(Element&& element);
  std::optional<std::string_view> string() noexcept;
  // An integer that is not negative and fits.
  std::optional<std::uint64_t> number() noexcept;
  // Any value.
  bool skip() noexcept;
  // The next value's first character; 0 at the end.
  char peek() noexcept;
  bool atEnd() noexcept { return peek() == 0 && at_ == text_.size(); }

 private:
  static constexpr unsigned kDeepest = 200;
  bool take(char wanted) noexcept;

  std::string_view text_;
  std::size_t at_ = 0;
  unsigned depth_ = 0;
};

template <class Member>
bool JsonReader::object(Member&& member) {
  if (!take('{') || ++depth_ > kDeepest) return false;
  if (!take('}')) {
    do {
      const std::optional<std::string_view> key = string();
      if (!key || !take(':') || !member(*key)) return false;
    } while (take(','));
    if (!take('}')) return false;
  }
  --depth_;
  return true;
}

template <class Element>
bool JsonReader::array(Element&& element) {
  if (!take('[') || ++depth_ > kDeepest) return false;
  if (!take(']')) {
    do {
      if (!element()) return false;
    } while (take(','));
    if (!take(']')) return false;
  }
  --depth_;
  return true;
}

}  // namespace drover
