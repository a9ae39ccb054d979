// Sentences for errors and warnings.
#pragma once

#include <string>
#include <string_view>

namespace drover {

[[gnu::format(printf, 1, 2)]] std::string reason(const char* format, ...) noexcept;

// A name from a file, in quotes, with everything that is not printable ASCII escaped, and cut when
// long.
std::string quoted(std::string_view name);

}  // namespace drover
