// The payloads of sections and the footers behind them.
#include "core/stream/live_sections.h"
#include "core/stream/section_end.h"
#include "core/stream/stream_walker.h"

namespace drover {

bool StreamWalker::payload(ByteReader& reader, SectionReport& section, bool packaged) {
  const std::uint64_t start = reader.position();
  bool read = false;
  if (section.role == SectionRole::live && ramId_ == section.id) {
    read = ramPayload(reader, section, packaged);
  } else {
    const LivePayload live = section.role == SectionRole::live
                                 ? skipLivePayload(section.name, reader)
                                 : LivePayload::unknown;
    if (live == LivePayload::broken) {
      if (reader.cut()) return failCut(start, ("section " + quoted(section.name)).c_str());
      return fail(reader.position(), "section " + quoted(section.name) + " makes no sense");
    }
    read = live == LivePayload::read || opaquePayload(reader, section, packaged);
    context_.advance(reader.position() - start);
  }
  section.bytes += reader.position() - start;
  section.parts += 1;
  return read && (tailUnparsed_ || footer(reader, section));
}

bool StreamWalker::ramPayload(ByteReader& reader, SectionReport& section, bool packaged) {
  if (packaged) {
    ramInPackage_ = true;
    return fail(reader.position(), "RAM inside a package");
  }
  const bool first = section.parts == 0;
  if (!ram_.chunk(reader)) {
    if (!context_.resync || !context_.derailed || !ram_.haveBlocks()) return false;
    return salvageRam(reader);
  }
  if (first && !ram_.haveBlocks())
    return fail(section.offset, "the ram section starts without a list of blocks");
  return true;
}

// The bytes from the record that made no sense to the next chunk are lost. Continue records
// there refer to the last block named before, until the next name.
bool StreamWalker::salvageRam(ByteReader& reader) {
  StreamReport& report = context_.report;
  if (report.stopped.ok()) report.stopped = context_.error;
  report.warn(report.mainInput, context_.error.offset, context_.error.reason);
  const std::set<std::uint32_t> ramOnly{*ramId_};
  for (std::uint64_t from = context_.error.offset;;) {
    const auto found = findFooter(reader.file(), from, reader.end(), *ramId_, false, ramOnly);
    if (!found) return false;
    ByteReader next(reader.file(), *found + kFooterBytes, reader.end());
    const std::uint8_t type = next.u8();
    if (type == 0x02 || type == 0x03) {
      reader.seek(*found);
      context_.error = {};
      context_.derailed = false;
      return true;
    }
    from = *found + 1;
  }
}

bool StreamWalker::opaquePayload(ByteReader& reader, SectionReport& section, bool packaged) {
  const InputFile& file = reader.file();
  const std::uint64_t start = reader.position();
  const std::uint64_t end = reader.end();
  const std::optional<Description>& description =
      description_.of(file, context_.report.streamOffset);
  const std::optional<std::uint64_t> size =
      description ? description->sizeOf(section.name, section.instance) : std::nullopt;
  if (size && *size <= end - start) {
    const std::uint64_t behind = start + *size;
    const bool fits = footers_ == false ? plausibleElement(file, behind, end, packaged, liveIds_)
                                        : footerAt(file, behind, end, section.id);
    if (fits) {
      reader.seek(behind);
      return true;
    }
  }
  if (footers_ != false) {
    if (const auto footer = findFooter(file, start, end, section.id, packaged, liveIds_)) {
      section.sizeFromFooter = true;
      reader.seek(*footer);
      return true;
    }
    return fail(start, "section " + quoted(section.name) + " does not end within the file");
  }
  if (ramEnded_) {
    tailUnparsed_ = true;
    return true;
  }
  return fail(start, "the length of section " + quoted(section.name) +
                         " is unknown: there are no footers, and no description fits");
}

bool StreamWalker::footer(ByteReader& reader, const SectionReport& section) {
  const std::uint64_t offset = reader.position();
  if (footers_ == false) return true;
  ByteReader ahead = reader;
  const std::uint8_t type = ahead.u8();
  const std::uint32_t id = ahead.u32();
  if (!footers_) {
    if (ahead.cut() || type != kFooterByte) {
      footers_ = false;
      return true;
    }
    footers_ = true;
  }
  if (ahead.cut()) return failCut(offset, "the footer of a section");
  if (type != kFooterByte || id != section.id) {
    if (section.role == SectionRole::live && ramId_ == section.id) context_.derailed = true;
    return fail(offset, "section " + quoted(section.name) + " lacks its footer");
  }
  reader = ahead;
  return true;
}

}  // namespace drover
