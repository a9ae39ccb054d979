#include "core/stream/stream_judge.h"

#include "core/stream/reason.h"

namespace drover {
namespace {

std::uint64_t countOf(const StreamReport& report, RecordKind kind) noexcept {
  return report.records.records[static_cast<std::size_t>(kind)];
}

void noteCapabilities(StreamReport& report, const StreamState& state) {
  for (const std::string& listed : report.capabilities) report.seen(listed.c_str());
  if (countOf(report, RecordKind::xbzrle) != 0) report.seen("xbzrle");
  if (countOf(report, RecordKind::compress) != 0) report.seen("compress");
  if (report.flushes != 0 || state.channels != 0) report.seen("multifd");
  for (const SectionReport& section : report.sections) {
    if (section.role != SectionRole::live) continue;
    if (section.name == "block") report.seen("block");
    if (section.name == "dirty-bitmap") report.seen("dirty-bitmaps");
  }
}

void incomplete(StreamReport& report, std::uint32_t input, std::string text) {
  report.completeness = Completeness::incomplete;
  report.completenessReason = text;
  report.stopped = {std::move(text), input, report.endOffset};
}

}  // namespace

void judgeStream(StreamReport& report, const StreamState& state) {
  noteCapabilities(report, state);
  const std::uint32_t main = report.mainInput;
  if (report.stopped.ok()) report.stopped = state.error;
  if (!report.stopped.ok()) {
    report.completeness = Completeness::incomplete;
    report.completenessReason = report.stopped.reason;
    return;
  }
  if (state.mappedRam && !state.ramEnded) {
    // The source writes its bitmaps at the very end. Before that, and after a bug of it, all are
    // clear, and a naive reader would find a guest full of zeroes.
    return incomplete(
        report, main,
        "a mapped-ram file without the end of its RAM section: its bitmaps were never "
        "written, so its contents are unknown (to salvage it reads the page regions "
        "regardless)");
  }
  if (report.flushes != 0 && state.channels == 0 && !state.mappedRam) {
    return incomplete(
        report, main,
        "the main stream of a multifd migration: its pages are in the captures of its "
        "channels, which must be given too");
  }
  const std::uint64_t data = report.records.total() - countOf(report, RecordKind::zero) -
                             countOf(report, RecordKind::channelZero);
  if (data == 0 && state.absentPages != 0 && !state.mappedRam && !state.ignoreShared) {
    return incomplete(
        report, main,
        "a stream that lists RAM but holds none of its data: either its pages are in the "
        "captures of multifd channels, which must be given too, or they were handed over "
        "in another way");
  }
  const bool snapshot = !state.ramEnded && state.endReached && state.devicesSeen;
  if (!state.ramEnded && !snapshot) {
    return incomplete(report, main, "the stream ends without the end of its RAM section");
  }
  if (snapshot) report.seen("background-snapshot");
  report.completeness = snapshot ? Completeness::backgroundSnapshot : Completeness::complete;
  if (state.tailUnparsed) {
    report.completeness = Completeness::ramCompleteTailUnparsed;
    report.completenessReason = "the devices behind the RAM could not be walked to the end";
  } else if (!snapshot && state.unended != nullptr) {
    report.completeness = Completeness::ramCompleteTailUnparsed;
    report.completenessReason = "live section " + quoted(state.unended->name) + " does not end";
  }
}

}  // namespace drover
