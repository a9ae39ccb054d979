#include "core/stream/stream_attempt.h"

#include <utility>

namespace drover {

StreamAttempt::StreamAttempt(const StreamRequest& request, PageBytes pageBytes, AttemptMode mode)
    : request_(request),
      context_{.inputs = request.image.inputs,
               .report = report_,
               .cancel = request.cancel,
               .progress = mode == AttemptMode::dry ? nullptr : request.options.progress,
               .resync = mode == AttemptMode::resync,
               .dry = mode == AttemptMode::dry,
               .error = {},
               .derailed = false},
      ram_(context_, request.options.tmpDir, request.limits),
      fixed_(pageBytes.source != PageBytesSource::assumed &&
             pageBytes.source != PageBytesSource::vmdesc) {
  report_.mainInput = request.roles.main;
  report_.streamOffset = request.roles.offset;
  report_.pageBytes = pageBytes.value;
  report_.pageBytesSource = pageBytes.source;
  ram_.form().pageBytes = pageBytes.value;
}

bool StreamAttempt::run(const BoundaryStyle* style) {
  if (style != nullptr) {
    multifd_ = std::make_unique<Multifd>(context_, ram_, *style);
    for (const std::uint32_t channel : request_.roles.channels) {
      if (!multifd_->addChannel(channel)) return false;
    }
    if (!multifd_->checkChannels()) return false;
    ram_.setListener(multifd_.get());
  }
  walker_ =
      std::make_unique<StreamWalker>(context_, ram_, multifd_.get(), request_.description, fixed_);
  if (!walker_->run(request_.roles.offset)) return false;
  for (const std::uint32_t input : request_.roles.bare) {
    if (!takeBare(input)) return false;
  }
  return multifd_ == nullptr || multifd_->finish();
}

bool StreamAttempt::takeBare(std::uint32_t input) {
  if (walker_->postcopy()) return context_.dry || ram_.bareRecords(input);
  return context_.fail(input, 0,
                       "neither a migration stream nor a channel of one (only a postcopy migration "
                       "has a channel without a mark)");
}

StreamState StreamAttempt::stateOf() const {
  StreamState state;
  state.mappedRam = ram_.mappedRam();
  state.ignoreShared = ram_.ignoreShared();
  state.absentPages = ram_.absentPages();
  state.channels = request_.roles.channels.size();
  state.ramEnded = walker_->ramEnded();
  state.endReached = walker_->endReached();
  state.devicesSeen = walker_->devicesSeen();
  state.tailUnparsed = walker_->tailUnparsed();
  state.unended = walker_->unended();
  return state;
}

// Such a file has no configuration, no commands and no description either. A stream with one of
// them, or with a live section, has lost its RAM.
bool StreamAttempt::devicesAlone() const {
  return walker_ != nullptr && walker_->devicesSeen() && walker_->endReached() &&
         !walker_->tailUnparsed() && walker_->liveIds().empty() && !report_.machine &&
         report_.commands.empty() && report_.vmdescLength == 0 && request_.roles.channels.empty() &&
         request_.roles.bare.empty();
}

void StreamAttempt::finish() {
  if (multifd_ != nullptr) multifd_->publish();
  ParseError found = std::exchange(context_.error, {});
  const bool haveBlocks = walker_ != nullptr && ram_.haveBlocks();
  const bool salvage = request_.options.salvage;
  if (haveBlocks) {
    StreamState state = stateOf();
    state.error = std::move(found);
    judgeStream(report_, state);
    found = report_.stopped;
    if (found.ok() || salvage) {
      ram_.finish(request_.image, request_.limits.bitmapOrder, walker_->ramEnded());
      if (found.ok()) found = context_.error;
    }
  } else if (found.ok() && devicesAlone()) {
    report_.completeness = Completeness::devicesAlone;
  } else if (found.ok()) {
    found = {"the stream holds no RAM", request_.roles.main, report_.endOffset};
  }
  context_.error = std::move(found);
  if (context_.error.ok()) return;
  report_.stopped = context_.error;
  report_.completeness = Completeness::incomplete;
  if (!salvage) request_.image.blocks.clear();
}

}  // namespace drover
