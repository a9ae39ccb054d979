#include "addon/check.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "addon/convert.h"
#include "addon/task.h"
#include "addon/verdict_js.h"
#include "core/checks/byte_verdict.h"
#include "core/clock.h"
#include "core/image/zero.h"
#include "core/page_stamp.h"
#include "core/ram/scan.h"
#include "core/ram/upstream_rule.h"

namespace drover {
namespace {

struct Request {
  ScanRange range{};
  std::size_t damageLimit = kDamageLimit;
  const Kernel* kernel = &defaultKernel();
  unsigned threads = 1;
};

struct Report {
  SliceVerdict verdict;
  std::uint64_t step = 0;
  std::string_view kernel;
};

constexpr std::uint64_t kMostThreads = 256;

// A message about what is wrong, or nullptr.
const char* parse(const Napi::Value& value, Request& out) {
  if (!value.IsObject()) return "a request";
  const auto fields = value.As<Napi::Object>();
  const auto start = toUint(fields.Get("start"));
  const auto end = toUint(fields.Get("end"));
  const auto step = toUint(fields.Get("step"));
  if (!start || !end || !step) return "start, end and step";
  out.range = {*start, *end, *step};
  if (!out.range.isValid()) return "a range that is not empty";
  const Napi::Value limit = fields.Get("damageLimit");
  if (!limit.IsUndefined()) {
    const auto runs = toUint(limit);
    if (!runs) return "damageLimit as a number";
    out.damageLimit = *runs;
  }
  const Napi::Value kernel = fields.Get("kernel");
  if (!kernel.IsUndefined()) {
    out.kernel = findKernel(toText(kernel).value_or(""));
    if (out.kernel == nullptr) return "an unknown kernel";
  }
  const Napi::Value threads = fields.Get("threads");
  if (!threads.IsUndefined()) {
    const auto count = toUint(threads);
    if (!count || *count < 1 || *count > kMostThreads) return "1 to 256 threads";
    out.threads = static_cast<unsigned>(*count);
  }
  return nullptr;
}

// A stamp of 0 on a page that is zero as a whole: the page was lost, whatever generation 0 would
// mean. A run is named so when all of its pages are. Stamps that somebody else fetched come without
// their pages: those keep their kind.
Status nameZeroed(const PageSource& source, const ScanRange& range, SliceVerdict& verdict,
                  const CancelFlag& cancel) noexcept {
  std::array<std::uint8_t, kLongestStamp> page{};
  const auto bytes = std::span(page).first(
      static_cast<std::size_t>(std::min<std::uint64_t>(range.step, kLongestStamp)));
  for (PageDamage& damage : verdict.damage) {
    if (damage.found != 0) continue;
    bool zero = true;
    for (std::uint64_t i = 0; zero && i < damage.pages; ++i) {
      if (cancel.isSet()) return Status::of(Fault::cancelled, "check");
      const Status status = source.read(damage.address + i * range.step, bytes);
      if (status.fault == Fault::outOfRange) return {};
      if (!status.ok()) return status;
      zero = isZero(bytes);
    }
    if (!zero) continue;
    verdict.pagesByKind[static_cast<std::size_t>(damage.kind)] -= damage.pages;
    verdict.pagesByKind[static_cast<std::size_t>(DamageKind::zeroed)] += damage.pages;
    damage.kind = DamageKind::zeroed;
    damage.by = 0;
  }
  return {};
}

Result<Report> carryOut(const Request& request, const PageSource& source,
                        const CancelFlag& cancel) noexcept {
  const std::uint64_t startNs = monotonicNs();
  const Result<StampRuns> stamps =
      scanStamps(source, request.range, *request.kernel, request.threads, cancel);
  if (!stamps.ok()) return Result<Report>::failed(stamps.status);
  // Live memory has no blocks.
  Result<SliceVerdict> verdict =
      byteVerdict(stamps.value, request.range, request.damageLimit, cancel);
  if (!verdict.ok()) return Result<Report>::failed(verdict.status);
  auto upstream = upstreamLines(stamps.value, request.range.start, request.range.step, cancel);
  if (!upstream.ok()) return Result<Report>::failed(upstream.status);
  SliceVerdict found = std::move(verdict.value);
  const Status named = nameZeroed(source, request.range, found, cancel);
  if (!named.ok()) return Result<Report>::failed(named);
  found.upstreamLines = std::move(upstream.value);
  found.elapsedNs = monotonicNs() - startNs;
  const std::string_view access = source.access();
  return Result<Report>::of(
      {std::move(found), request.range.step, access == "mapping" ? request.kernel->name : access});
}

}  // namespace

Napi::Value startCheck(Napi::Env env, const Napi::Value& value, SourceMaker makeSource) {
  Request request;
  const char* wrong = parse(value, request);
  if (wrong != nullptr) return failArgument(env, wrong);
  return startTask<Report>(
      env,
      [request, make = std::move(makeSource)](const CancelFlag& cancel) noexcept {
        const std::shared_ptr<const PageSource> source =
            make(request.range.start, request.range.step);
        return carryOut(request, *source, cancel);
      },
      [](Napi::Env answerEnv, const Report& report) {
        return verdictToJs(answerEnv, {StampLevel::byte, report.step, report.kernel, false},
                           report.verdict);
      });
}

}  // namespace drover
