#include "core/stream/stream_walker.h"

#include <bit>

#include "core/stream/configuration.h"
#include "core/stream/find_stream.h"

namespace drover {
namespace {

constexpr std::size_t kMostSections = 65536;
constexpr std::uint32_t kRamVersion = 4;

namespace element {
constexpr std::uint8_t kEnd = 0x00;
constexpr std::uint8_t kStart = 0x01;
constexpr std::uint8_t kPart = 0x02;
constexpr std::uint8_t kLast = 0x03;
constexpr std::uint8_t kFull = 0x04;
constexpr std::uint8_t kDescription = 0x06;
constexpr std::uint8_t kCommand = 0x08;
}  // namespace element

bool isPageSize(std::uint64_t bytes) noexcept {
  return bytes >= 1024 && bytes <= 65536 && std::has_single_bit(bytes);
}

}  // namespace

const SectionReport* StreamWalker::unended() const noexcept {
  for (const SectionReport& section : context_.report.sections) {
    if (section.role == SectionRole::live && !section.ended) return &section;
  }
  return nullptr;
}

void StreamWalker::setPageBytes(std::uint64_t pageBytes, PageBytesSource source,
                                std::uint64_t offset) {
  if (!isPageSize(pageBytes)) {
    context_.report.warn(context_.report.mainInput, offset, "a page size that is none");
    return;
  }
  // Sources come in the order of PageBytesSource, a later one being better.
  if (pageBytesFixed_ || ram_.haveBlocks() || source < context_.report.pageBytesSource) return;
  ram_.form().pageBytes = static_cast<std::uint32_t>(pageBytes);
  context_.report.pageBytes = ram_.form().pageBytes;
  context_.report.pageBytesSource = source;
}

bool StreamWalker::run(std::uint64_t offset) {
  const InputFile& file = context_.inputs[context_.report.mainInput];
  ByteReader reader(file, offset);
  const std::uint32_t magic = reader.u32();
  const std::uint32_t version = reader.u32();
  if (reader.cut()) return failCut(offset, "the header");
  if (magic != kStreamMagic) return fail(offset, "no migration stream starts here");
  if (version != kStreamVersion)
    return fail(offset, reason("stream version %u is not supported", version));
  std::optional<std::uint32_t> pageBits;
  bool walked = readConfiguration(context_, reader, pageBits);
  if (walked) {
    if (pageBits) {
      setPageBytes(*pageBits < 64 ? std::uint64_t{1} << *pageBits : 0,
                   PageBytesSource::configuration, offset);
    }
    for (const std::string& name : context_.report.capabilities) {
      ram_.form().mappedRam = ram_.form().mappedRam || name == "mapped-ram";
      ram_.form().ignoreShared = ram_.form().ignoreShared || name == "x-ignore-shared";
    }
    walked = elements(reader, false);
  }
  context_.report.endOffset = reader.position();
  context_.report.footers = footers_.value_or(false);
  return walked;
}

bool StreamWalker::elements(ByteReader& reader, bool packaged) {
  for (;;) {
    if (!context_.alive()) return false;
    const std::uint64_t offset = reader.position();
    if (packaged && reader.left() == 0) return true;
    const std::uint8_t type = reader.u8();
    if (reader.cut()) return fail(offset, "the file ends without an end of the stream");
    bool good = false;
    switch (type) {
      case element::kEnd:
        if (packaged) return fail(offset, "an end of the stream inside a package");
        endReached_ = true;
        return tail(reader);
      case element::kStart:
      case element::kFull:
        good = startSection(reader, type == element::kFull, packaged);
        break;
      case element::kPart:
      case element::kLast:
        good = continueSection(reader, type == element::kLast, packaged);
        break;
      case element::kCommand:
        good = command(reader, packaged);
        break;
      default:
        return fail(offset, reason("byte 0x%02x starts no element of a stream", type));
    }
    if (!good) return false;
    if (tailUnparsed_) return true;
  }
}

bool StreamWalker::startSection(ByteReader& reader, bool full, bool packaged) {
  const std::uint64_t offset = reader.position() - 1;
  SectionReport section;
  section.role = full ? SectionRole::device : SectionRole::live;
  section.id = reader.u32();
  ShortName name;
  reader.name(name);
  section.name = name.view();
  section.instance = reader.u32();
  section.version = reader.u32();
  section.packaged = packaged;
  section.offset = reader.position();
  if (reader.cut()) return failCut(offset, "the head of a section");
  std::vector<SectionReport>& list = context_.report.sections;
  if (list.size() == kMostSections) return fail(offset, "more sections than any machine has");
  if (!sections_.emplace(section.id, list.size()).second) {
    return fail(offset, reason("section id %u is used twice", section.id));
  }
  if (full) devicesSeen_ = true;
  if (!full) liveIds_.insert(section.id);
  const bool ram = !full && section.name == "ram";
  if (ram) {
    if (ramId_) return fail(offset, "a second ram section");
    if (section.version != kRamVersion || section.instance != 0) {
      return fail(offset, reason("ram section of version %u", section.version));
    }
    ramId_ = section.id;
  }
  list.push_back(std::move(section));
  SectionReport& kept = list.back();
  const bool read = payload(reader, kept, packaged);
  kept.length = kept.bytes;
  return read;
}

bool StreamWalker::continueSection(ByteReader& reader, bool last, bool packaged) {
  const std::uint64_t offset = reader.position() - 1;
  const std::uint32_t id = reader.u32();
  if (reader.cut()) return failCut(offset, "the head of a section");
  if (!liveIds_.contains(id))
    return fail(offset, reason("a part of section %u, which was never started", id));
  SectionReport& section = context_.report.sections[sections_[id]];
  if (section.ended) return fail(offset, reason("a part of section %u after its end", id));
  if (!payload(reader, section, packaged)) return false;
  section.ended = last;
  if (last && ramId_ == id) ramEnded_ = true;
  return true;
}

// Behind the end: the description of devices, then nothing.
bool StreamWalker::tail(ByteReader& reader) {
  StreamReport& report = context_.report;
  ByteReader ahead = reader;
  if (ahead.u8() == element::kDescription && !ahead.cut()) {
    const std::uint64_t length = ahead.u32();
    if (!ahead.cut() && length <= ahead.left()) {
      report.vmdescOffset = ahead.position();
      report.vmdescLength = length;
      ahead.skip(length);
      reader = ahead;
    } else {
      report.warn(report.mainInput, reader.position(),
                  "the file ends inside the description of devices");
      tailUnparsed_ = true;
      return true;
    }
  }
  if (reader.left() == 0) return true;
  const std::uint64_t trailing = reader.left();
  report.warn(
      report.mainInput, reader.position(),
      reason("%llu bytes behind the end of the stream", static_cast<unsigned long long>(trailing)));
  constexpr std::uint64_t kSearch = std::uint64_t{16} << 20U;
  if (const auto other = findStream(reader.file(), reader.position(), kSearch)) {
    report.warn(report.mainInput, *other, "another migration stream starts here");
  }
  return true;
}

}  // namespace drover
