// Commands of a stream: most only report how the migration went, some change the meaning of later
// bytes.
#include "core/stream/stream_walker.h"

namespace drover {
namespace {

namespace number {
constexpr std::uint16_t kOpenReturnPath = 1;
constexpr std::uint16_t kAdvise = 3;
constexpr std::uint16_t kListen = 4;
constexpr std::uint16_t kDiscard = 6;
constexpr std::uint16_t kPackage = 7;
constexpr std::uint16_t kEnableColo = 8;
constexpr std::uint16_t kHighest = 11;
}  // namespace number

constexpr std::size_t kMostCommandKinds = 64;

}  // namespace

bool StreamWalker::command(ByteReader& reader, bool packaged) {
  const std::uint64_t offset = reader.position() - 1;
  const std::uint16_t kind = reader.u16();
  const std::uint16_t length = reader.u16();
  if (reader.cut() || !reader.has(length)) return failCut(offset, "a command");
  StreamReport& report = context_.report;
  const auto [seen, isNew] = commands_.emplace(kind, report.commands.size());
  if (isNew) {
    if (report.commands.size() == kMostCommandKinds) {
      return fail(offset, "more kinds of commands than there are");
    }
    report.commands.push_back({kind, 0, offset});
    if (kind == 0 || kind > number::kHighest) {
      report.warn(report.mainInput, offset, reason("unknown command %u", kind));
    }
  }
  report.commands[seen->second].count += 1;

  ByteReader argument(reader.file(), reader.position(), reader.position() + length);
  reader.skip(length);
  switch (kind) {
    case number::kOpenReturnPath:
      report.seen("return-path");
      return true;
    case number::kAdvise:
      return length == 0 || adviseCommand(argument, offset);
    case number::kListen:
      postcopy_ = true;
      report.seen("postcopy-ram");
      return multifd_ == nullptr || multifd_->postcopyBegins();
    case number::kDiscard:
      return discardCommand(argument, offset);
    case number::kPackage: {
      if (packaged) return fail(offset, "a package inside a package");
      const std::uint32_t bytes = argument.u32();
      if (argument.cut() || argument.left() != 0) return fail(offset, "a package without a length");
      if (!reader.has(bytes)) return failCut(offset, "a package");
      ByteReader inner(reader.file(), reader.position(), reader.position() + bytes);
      reader.skip(bytes);
      return package(inner);
    }
    case number::kEnableColo:
      return fail(offset, "a stream of COLO, which is not supported");
    default:
      return true;
  }
}

bool StreamWalker::adviseCommand(ByteReader& reader, std::uint64_t offset) {
  const std::uint64_t hostPageSizes = reader.u64();
  const std::uint64_t pageBytes = reader.u64();
  if (reader.cut() || reader.left() != 0) return fail(offset, "postcopy advice of unknown form");
  context_.report.seen("postcopy-ram");
  if (!ramStarted()) {
    ram_.form().hostPageSizes = hostPageSizes;
    setPageBytes(pageBytes, PageBytesSource::advice, offset);
  }
  return true;
}

bool StreamWalker::discardCommand(ByteReader& reader, std::uint64_t offset) {
  const std::uint8_t version = reader.u8();
  ShortName block;
  reader.name(block);
  reader.u8();
  if (reader.cut()) return fail(offset, "a discard without a block");
  if (version != 0) return fail(offset, reason("a discard of unknown version %u", version));
  if (reader.left() % 16 != 0) return fail(offset, "a discard whose ranges are incomplete");
  while (reader.left() > 0) {
    const std::uint64_t start = reader.u64();
    const std::uint64_t length = reader.u64();
    if (!context_.dry && !ram_.discard(block.view(), start, length, offset)) return false;
  }
  return true;
}

// Holds the devices, whose end is only guessed where there are no descriptions. RAM goes on behind
// it in any case, so content that cannot be parsed is no error.
bool StreamWalker::package(ByteReader& reader) {
  postcopy_ = true;
  if (multifd_ != nullptr && !multifd_->postcopyBegins()) return false;
  const std::uint64_t before = reader.position();
  if (elements(reader, true) && !tailUnparsed_) return true;
  if (!context_.alive() || ramInPackage_) return false;
  tailUnparsed_ = false;
  StreamReport& report = context_.report;
  report.warn(report.mainInput, context_.error.ok() ? before : context_.error.offset,
              "the devices in the package of the postcopy switch cannot be walked: " +
                  context_.error.reason);
  context_.error = {};
  packageUnparsed_ = true;
  return true;
}

}  // namespace drover
