// How native work reports failure: a plain struct, since nothing here throws. A failed allocation
// aborts the process. Only where a file or a caller may claim any size, the claim is limited, or
// the allocation may fail with Fault::outOfMemory.
#pragma once

#include <cstdint>
#include <utility>

namespace drover {

enum class Fault : std::uint8_t {
  none,
  cancelled,
  timedOut,
  badArgument,
  outOfRange,  // an address that belongs to no region
  tooSmall,    // the file does not hold what was asked for
  badData,     // what is there cannot be decoded
  outOfMemory,
  system,  // a system call failed: see `call` and `sysErrno`
};

struct Status {
  static constexpr std::uint64_t kNoAddress = ~std::uint64_t{0};

  Fault fault = Fault::none;
  int sysErrno = 0;
  const char* call = "";               // static storage
  std::uint64_t address = kNoAddress;  // guest address of the failure, where there is one

  [[nodiscard]] bool ok() const noexcept { return fault == Fault::none; }

  static Status of(Fault fault, const char* what) noexcept { return {fault, 0, what, kNoAddress}; }
  static Status at(Fault fault, std::uint64_t address) noexcept { return {fault, 0, "", address}; }
  static Status system(const char* call, int sysErrno) noexcept {
    return {Fault::system, sysErrno, call, kNoAddress};
  }
  static Status systemAt(const char* call, int sysErrno, std::uint64_t address) noexcept {
    return {Fault::system, sysErrno, call, address};
  }
};

// `value` has meaning only when `status.ok()`.
template <class T>
struct Result {
  Status status;
  T value{};

  [[nodiscard]] bool ok() const noexcept { return status.ok(); }
  static Result failed(Status status) noexcept { return {status, T{}}; }
  static Result of(T value) noexcept { return {Status{}, std::move(value)}; }
};

}  // namespace drover
