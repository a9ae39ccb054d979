// Watches how a guest writes while it migrates: samples its writers' counters and how far their
// stamps reach, at both sides.
//
// Only through PageSource::read, which brings no absent page into being: a page that postcopy has
// yet to bring reads as zeros, and stays absent.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "core/cancel.h"
#include "core/ram/page_source.h"

namespace drover {

// The pages of one writer: `below` of them from `start` on, the others from `above` on.
struct WriterSlice {
  std::uint64_t start;
  std::uint64_t below;
  std::uint64_t above;
  std::uint64_t pages;
};

struct WriteWatchRequest {
  std::uint64_t heartbeat;  // address of the first writer's counter
  std::uint64_t step;       // bytes between two stamps
  std::uint64_t intervalNs;
  bool hasGenerations;  // the first word of each page is its generation; else pages do not count
  std::vector<WriterSlice> slices;
};

// The source, then the destination.
using BothSides = std::array<std::shared_ptr<const PageSource>, 2>;

// Pairs: milliseconds of CLOCK_REALTIME since 1970, as in QMP's time stamps, and a number that only
// grows.
struct WriteRecord {
  std::vector<double> beats;  // what all writers together have counted, wherever they run
  std::vector<double> pages;  // stamped by all writers since the first sample; sampled less often
};

// Ends when `stop` is set, or after hours.
Result<WriteRecord> watchWrites(const BothSides& sides, const WriteWatchRequest& request,
                                const CancelFlag& stop) noexcept;

}  // namespace drover
