#include "core/stream/parse_stream.h"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <utility>

#include "core/image/address_map.h"
#include "core/stream/description.h"
#include "core/stream/find_stream.h"
#include "core/stream/stream_attempt.h"

namespace drover {
namespace {

// The likely ones first.
constexpr std::array<std::uint32_t, 7> kPageSizes{4096, 1024, 8192, 16384, 65536, 2048, 32768};
constexpr std::uint64_t kSearchForStream = std::uint64_t{1} << 30U;

std::uint32_t wordAt(const InputFile& file, std::uint64_t offset) noexcept {
  ByteReader reader(file, offset);
  return reader.u32();
}

class StreamParser {
 public:
  StreamParser(RamImage& image, const OpenOptions& options, const CancelFlag& cancel,
               const StreamLimits& limits)
      : image_(image), options_(options), cancel_(cancel), request_{image,  roles_, options,
                                                                    cancel, limits, description_} {}

  ParseError parse(StreamReport& report) {
    if (image_.inputs.empty() || image_.inputs.size() >= PageEntry::kInputLimit) {
      return {"more files than a migration has channels", 0, 0, true};
    }
    // Tables point to inputs, and decoded pages become one more.
    image_.inputs.reserve(image_.inputs.size() + 1);
    expectProgress();
    ParseError error = assignRoles();
    if (!error.ok()) return error;
    const InputFile& main = image_.inputs[roles_.main];
    // The description is at the end; a file that grows is read without it first.
    const bool late = main.isGrowing();
    PageBytes first = firstPageBytes(!late);
    if (first.value < kPageSizes[1]) {
      return {"page sizes below 1024 leave no room for the flags of a record", roles_.main, 0,
              true};
    }

    std::unique_ptr<StreamAttempt> attempt = attemptWith(first, AttemptMode::whole);
    // Damage behind many pages is no matter of their size: the end need not be waited for.
    const bool settled =
        late && !options_.salvage && !attempt->error().ok() && provesSize(*attempt);
    if (late && !settled && attempt->pageBytes().source == PageBytesSource::assumed) {
      first = firstPageBytes(true);
      if (first.value != attempt->pageBytes().value) {
        attempt = attemptWith(first, AttemptMode::whole);
      } else if (first.source == PageBytesSource::vmdesc) {
        attempt->confirmPageBytes();
      }
    }
    if (attempt->derailed() && !settled && first.source != PageBytesSource::caller) {
      if (std::unique_ptr<StreamAttempt> other = probe(*attempt)) attempt = std::move(other);
    }
    if (attempt->derailed() && options_.salvage) {
      attempt = attemptWith(attempt->pageBytes(), AttemptMode::resync);
    }
    attempt->finish();
    report = std::move(attempt->report());
    return attempt->error();
  }

 private:
  // With a wrong page size no record follows where the first stored page ends, but by chance.
  static bool provesSize(StreamAttempt& attempt) noexcept {
    constexpr std::uint64_t kEnough = 16;
    constexpr auto kPage = static_cast<std::size_t>(RecordKind::page);
    return attempt.report().records.records[kPage] >= kEnough;
  }
  void expectProgress() const {
    if (options_.progress == nullptr) return;
    std::uint64_t total = 0;
    for (const InputFile& input : image_.inputs) {
      if (input.isGrowing()) return;
      total += input.size();
    }
    options_.progress->expect(total);
  }

  ParseError assignRoles() {
    std::optional<std::uint32_t> main;
    const auto count = static_cast<std::uint32_t>(image_.inputs.size());
    for (std::uint32_t i = 0; i < count; ++i) {
      const InputFile& file = image_.inputs[i];
      if (wordAt(file, options_.fileOffset) == kStreamMagic) {
        if (main) {
          return {"two main streams: give one migration at a time", i, options_.fileOffset, true};
        }
        main = i;
      } else if (wordAt(file, 0) == kMultifdMagic) {
        roles_.channels.push_back(i);
      } else {
        roles_.bare.push_back(i);
      }
    }
    roles_.offset = options_.fileOffset;
    if (!main && roles_.bare.size() == 1) {
      main = roles_.bare.front();
      roles_.bare.clear();
      const auto found = findStream(image_.inputs[*main], options_.fileOffset, kSearchForStream);
      if (found) roles_.offset = *found;
    }
    if (!main) return {"no migration stream among the files", 0, 0, true};
    roles_.main = *main;
    return {};
  }

  [[nodiscard]] PageBytes firstPageBytes(bool fromDescription) {
    if (options_.pageBytes) return {*options_.pageBytes, PageBytesSource::caller};
    if (!fromDescription) return {4096, PageBytesSource::assumed};
    const auto& description = description_.of(image_.inputs[roles_.main], roles_.offset);
    const std::uint64_t described = description ? description->pageBytes.value_or(0) : 0;
    if (described >= 1024 && described <= 65536 && (described & (described - 1)) == 0) {
      return {static_cast<std::uint32_t>(described), PageBytesSource::vmdesc};
    }
    return {4096, PageBytesSource::assumed};
  }

  std::unique_ptr<StreamAttempt> attemptWith(PageBytes pageBytes, AttemptMode mode) {
    if (options_.progress != nullptr) options_.progress->set(0);
    BoundaryStyle style = BoundaryStyle::endOfSectionMarks;
    if (!roles_.channels.empty()) {
      // Which marks of the main stream count depends on what comes later in it.
      StreamAttempt census(request_, pageBytes, AttemptMode::dry);
      census.run(nullptr);
      if (census.report().flushes != 0) style = BoundaryStyle::flushMarks;
    }
    auto attempt = std::make_unique<StreamAttempt>(request_, pageBytes, mode);
    attempt->run(roles_.channels.empty() ? nullptr : &style);
    return attempt;
  }

  // Null: no other page size makes sense of it either.
  std::unique_ptr<StreamAttempt> probe(const StreamAttempt& failed) {
    const std::optional<std::uint64_t> named = failed.otherPageBytes();
    const PageBytesSource source = named ? PageBytesSource::mappedRam : PageBytesSource::probed;
    for (const std::uint32_t size : kPageSizes) {
      if (cancel_.isSet()) return nullptr;
      if (named ? size != *named : size == failed.pageBytes().value) continue;
      StreamAttempt trial(request_, {size, source}, AttemptMode::dry);
      trial.run(nullptr);
      if (trial.ramEnded() || trial.error().ok()) {
        return attemptWith({size, source}, AttemptMode::whole);
      }
    }
    return nullptr;
  }

  RamImage& image_;
  const OpenOptions& options_;
  const CancelFlag& cancel_;
  StreamRoles roles_;
  LateDescription description_;
  StreamRequest request_;
};

// RAM as the firmware's tables have it, from the clock chip's memory.
std::optional<CmosRam> cmosRam(const RamImage& image, const StreamReport& report) {
  constexpr std::uint64_t kMemoryBytes = 128;
  for (const SectionReport& section : report.sections) {
    if (section.name != "mc146818rtc" || section.length < kMemoryBytes) continue;
    std::array<std::uint8_t, kMemoryBytes> cmos{};
    if (!image.inputs[report.mainInput].read(section.offset, cmos).ok()) return {};
    const std::uint64_t above = cmos[0x5b] | (cmos[0x5c] << 8U) | (cmos[0x5d] << 16U);
    const std::uint64_t over1M = cmos[0x30] | (cmos[0x31] << 8U);   // KiB, up to 64 MiB
    const std::uint64_t over16M = cmos[0x34] | (cmos[0x35] << 8U);  // units of 64 KiB
    const std::uint64_t below = over16M == 0 ? (1024 + over1M) << 10U : (256 + over16M) << 16U;
    return CmosRam{below, above << 16U};
  }
  return {};
}

}  // namespace

ParseError parseStream(RamImage& image, StreamReport& report, const OpenOptions& options,
                       const CancelFlag& cancel, const StreamLimits& limits) noexcept {
  ParseError error = StreamParser(image, options, cancel, limits).parse(report);
  if (!error.ok()) report.stopped = error;
  const std::string& machine =
      options.machine.empty() ? report.machine.value_or("") : options.machine;
  placeBlocks(image.blocks, machine, options.arch, cmosRam(image, report));
  return error;
}

}  // namespace drover
