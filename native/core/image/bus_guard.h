// Reading mapped files that others may cut short: touching a page that is gone raises SIGBUS, which
// is caught here for the reading thread alone and turned into a plain `false`.
//
// The handler is installed once per process. It knows the ranges under guard of the thread it runs
// on; a fault anywhere else is handed to whoever had the signal before.
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
