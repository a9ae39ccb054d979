#include "addon/check.h"

#include <string>
#include <utility>
#include <vector>

#include "addon/convert.h"
#include "addon/task.h"
#include "core/clock.h"
#include "core/ram/scan.h"
#include "core/ram/upstream_rule.h"
#include "core/ram/verdict.h"

namespace drover {
namespace {

struct Request {
  ScanRange range{};
  std::size_t damagedRunLimit = 0;
  const Kernel* kernel = &defaultKernel();
  unsigned threads = 1;
};

struct Report {
  ScanRange range{};
  Verdict verdict;
  std::vector<std::string> upstream;
  std::string_view kernel;
  std::uint64_t elapsedNs = 0;
};

constexpr std::uint64_t kMostThreads = 256;

// A message about what is wrong, or nullptr.
const char* parse(const Napi::Value& value, Request& out) {
  if (!value.IsObject()) return "a request";
  const auto fields = value.As<Napi::Object>();
  const auto start = toUint(fields.Get("start"));
  const auto end = toUint(fields.Get("end"));
  const auto step = toUint(fields.Get("step"));
  const auto limit = toUint(fields.Get("damagedRunLimit"));
  if (!start || !end || !step || !limit) return "start, end, step and damagedRunLimit";
  out.range = {*start, *end, *step};
  if (!out.range.isValid()) return "a range that is not empty";
  out.damagedRunLimit = *limit;
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

Result<Report> carryOut(const Request& request, const PageSource& source,
                        const CancelFlag& cancel) noexcept {
  const std::uint64_t startNs = monotonicNs();
  const Result<StampRuns> stamps =
      scanStamps(source, request.range, *request.kernel, request.threads, cancel);
  if (!stamps.ok()) return Result<Report>::failed(stamps.status);
  Result<Verdict> verdict = judge(stamps.value, request.damagedRunLimit, cancel);
  if (!verdict.ok()) return Result<Report>::failed(verdict.status);
  auto upstream = upstreamLines(stamps.value, request.range.start, request.range.step, cancel);
  if (!upstream.ok()) return Result<Report>::failed(upstream.status);
  const std::string_view access = source.access();
  return Result<Report>::of({request.range, std::move(verdict.value), std::move(upstream.value),
                             access == "mapping" ? request.kernel->name : access,
                             monotonicNs() - startNs});
}

Napi::Value runToJs(Napi::Env env, const ScanRange& range, const DamagedRun& run) {
  Napi::Object out = Napi::Object::New(env);
  const std::uint64_t start = range.start + run.firstPage * range.step;
  out.Set("start", number(env, start));
  out.Set("end", number(env, start + run.pages * range.step));
  out.Set("pages", number(env, run.pages));
  out.Set("expected", number(env, run.expected));
  out.Set("found", number(env, run.found));
  return out;
}

Napi::Value toJs(Napi::Env env, const Report& report) {
  const Verdict& verdict = report.verdict;
  Napi::Array damage = Napi::Array::New(env, verdict.damage.size());
  for (std::uint32_t i = 0; i < verdict.damage.size(); ++i) {
    const Napi::HandleScope scope(env);
    damage.Set(i, runToJs(env, report.range, verdict.damage[i]));
  }
  Napi::Array lines = Napi::Array::New(env, report.upstream.size());
  for (std::uint32_t i = 0; i < report.upstream.size(); ++i) {
    lines.Set(i, Napi::String::New(env, report.upstream[i]));
  }
  Napi::Object out = Napi::Object::New(env);
  out.Set("pages", number(env, report.range.pages()));
  out.Set("generation", number(env, verdict.generation));
  out.Set("edge", verdict.edgePage
                      ? number(env, report.range.start + *verdict.edgePage * report.range.step)
                      : env.Null());
  out.Set("damagedPages", number(env, verdict.damagedPages));
  out.Set("damagedRuns", number(env, verdict.damagedRuns));
  out.Set("damage", damage);
  out.Set("upstreamLines", lines);
  out.Set("kernel", Napi::String::New(env, std::string(report.kernel)));
  out.Set("elapsedMs", milliseconds(env, report.elapsedNs));
  return out;
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
      [](Napi::Env answerEnv, const Report& report) { return toJs(answerEnv, report); });
}

}  // namespace drover
