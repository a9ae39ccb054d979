#include "core/checks/image_check.h"

#include "core/checks/slice_check.h"
#include "core/clock.h"

namespace drover {
namespace {

constexpr std::uint32_t kKernelGrain = 64;

const char* wrongIn(const ImageCheckRequest& request) noexcept {
  if (request.slices.empty()) return "no slice";
  if (request.step == 0) return "a step of 0";
  for (const Slice& slice : request.slices) {
    if (slice.start >= slice.end) return "an empty slice";
    if (!slice.isSound()) return "a hole outside its slice";
    std::uint64_t end = 0;
    if (__builtin_add_overflow(slice.end, request.blockAddress, &end)) {
      return "a slice beyond 64 bits";
    }
  }
  switch (request.level) {
    case StampLevel::byte:
      break;
    case StampLevel::wide:
      if (request.step < kStampHeaderBytes) return "a step below 16";
      break;
    case StampLevel::page:
      if (request.step % kKernelGrain != 0) return "a step that is no multiple of 64";
      for (const Slice& slice : request.slices) {
        if (!slice.hasHole() && (slice.end - slice.start) % request.step != 0) {
          return "a slice that cuts a page";
        }
      }
      break;
  }
  for (const Slice& slice : request.slices) {
    if (!slice.hasHole()) continue;
    if ((slice.holeStart - slice.start) % request.step != 0 ||
        (slice.end - slice.holeEnd) % request.step != 0) {
      return "a hole that cuts a page";
    }
  }
  return nullptr;
}

}  // namespace

std::string_view damageName(DamageKind kind) noexcept {
  constexpr std::array<std::string_view, kDamageKinds> kNames{
      "stale", "ahead", "misplaced", "partly-written", "zeroed", "absent", "garbage", "flipped"};
  return kNames[static_cast<std::size_t>(kind)];
}

Result<std::vector<SliceVerdict>> checkImage(const RamImage& image,
                                             const ImageCheckRequest& request, Progress& progress,
                                             const CancelFlag& cancel) noexcept {
  using Checked = Result<std::vector<SliceVerdict>>;
  const char* wrong = wrongIn(request);
  if (wrong != nullptr) return Checked::failed(Status::of(Fault::badArgument, wrong));
  std::uint64_t pages = 0;
  for (const Slice& slice : request.slices) {
    pages += slice.pages(request.step);
  }
  progress.expect(pages);
  std::vector<SliceVerdict> verdicts;
  for (const Slice& slice : request.slices) {
    const std::uint64_t startNs = monotonicNs();
    Result<SliceVerdict> verdict = SliceCheck(image, request, slice, progress, cancel).run();
    if (!verdict.ok()) return Checked::failed(verdict.status);
    verdict.value.elapsedNs = monotonicNs() - startNs;
    verdicts.push_back(std::move(verdict.value));
  }
  return Checked::of(std::move(verdicts));
}

}  // namespace drover
