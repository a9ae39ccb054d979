#include "core/stream/reason.h"

#include <array>
#include <cstdarg>
#include <cstdio>

namespace drover {

std::string reason(const char* format, ...) noexcept {
  std::array<char, 512> text{};
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text.data(), text.size(), format, arguments);
  va_end(arguments);
  return text.data();
}

std::string quoted(std::string_view name) {
  constexpr std::size_t kLongestName = 80;
  std::string text = "\"";
  for (const char c : name.substr(0, kLongestName)) {
    if (c >= ' ' && c <= '~' && c != '"' && c != '\\') {
      text += c;
    } else {
      text += reason("\\x%02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
    }
  }
  return text + (name.size() > kLongestName ? "...\"" : "\"");
}

}  // namespace drover
