#include "core/stream/json_reader.h"

namespace drover {

char JsonReader::peek() noexcept {
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (c != ' ' && c != '\t' && c != '\n' && c != '\r') return c;
    ++at_;
  }
  return '\0';
}

bool JsonReader::take(char wanted) noexcept {
  if (peek() != wanted || at_ == text_.size()) return false;
  ++at_;
  return true;
}

std::optional<std::string_view> JsonReader::string() noexcept {
  if (!take('"')) return {};
  const std::size_t start = at_;
  for (; at_ < text_.size(); ++at_) {
    if (text_[at_] == '\\') {
      ++at_;
    } else if (text_[at_] == '"') {
      return text_.substr(start, at_++ - start);
    }
  }
  at_ = text_.size();
  return {};
}

std::optional<std::uint64_t> JsonReader::number() noexcept {
  peek();
  const std::size_t start = at_;
  std::uint64_t value = 0;
  for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_) {
    if (__builtin_mul_overflow(value, 10U, &value)) return {};
    if (__builtin_add_overflow(value, static_cast<unsigned>(text_[at_] - '0'), &value)) return {};
  }
  if (at_ == start) return {};
  const char next = at_ < text_.size() ? text_[at_] : ' ';
  if (next == '.' || next == 'e' || next == 'E') return {};
  return value;
}

bool JsonReader::skip() noexcept {
  switch (peek()) {
    case '{':
      return object([this](std::string_view) { return skip(); });
    case '[':
      return array([this] { return skip(); });
    case '"':
      return string().has_value();
    default: {
      // Numbers and the three words; what exactly does not matter here.
      const std::size_t start = at_;
      while (at_ < text_.size() &&
             (text_[at_] == '-' || text_[at_] == '+' || text_[at_] == '.' ||
              (text_[at_] >= '0' && text_[at_] <= '9') ||
              (text_[at_] >= 'a' && text_[at_] <= 'z') || text_[at_] == 'E')) {
        ++at_;
      }
      return at_ > start;
    }
  }
}

}  // namespace drover
