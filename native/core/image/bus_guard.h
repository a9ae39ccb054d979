// Reads mapped files that others may truncate: reading a page that is gone raises SIGBUS, which
// this file catches for the reading thread only and turns into `false`.
//
// The handler is installed once per process. It knows the guarded ranges of the thread it runs on;
// it passes a fault anywhere else to the previous handler.
#pragma once

#include <cstddef>
#include <cstdint>

namespace drover {

// Calls body(context). False when it touched a page in [base, base + length) that could not be had;
// the body was left at that point.
//
// SAFETY: the body must be a leaf: no allocation, no lock, no object with a destructor and no state
// that must not be left half-changed, since a fault leaves it by a jump. Guards nest (two files).
bool runGuarded(const std::uint8_t* base, std::uint64_t length, void (*body)(void*),
                void* context) noexcept;

}  // namespace drover
