// The elements of a main stream, from its header to its end: sections, commands, the package of a
// postcopy switch. RAM goes to RamSection, everything else is measured and reported.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "core/stream/byte_reader.h"
#include "core/stream/description.h"
#include "core/stream/multifd/multifd.h"
#include "core/stream/ram/ram_section.h"
#include "core/stream/stream_context.h"

namespace drover {

class StreamWalker {
 public:
  // `multifd` may be null. `pageBytesFixed`: known from a better source than the stream's head.
  StreamWalker(StreamContext& context, RamSection& ram, Multifd* multifd,
               LateDescription& description, bool pageBytesFixed)
      : context_(context),
        ram_(ram),
        multifd_(multifd),
        description_(description),
        pageBytesFixed_(pageBytesFixed) {}

  bool run(std::uint64_t offset);

  [[nodiscard]] bool ramStarted() const noexcept { return ramId_.has_value(); }
  [[nodiscard]] bool ramEnded() const noexcept { return ramEnded_; }
  [[nodiscard]] bool postcopy() const noexcept { return postcopy_; }
  [[nodiscard]] bool endReached() const noexcept { return endReached_; }
  // The devices cannot be walked, for want of footers and of a description.
  [[nodiscard]] bool tailUnparsed() const noexcept { return tailUnparsed_ || packageUnparsed_; }
  [[nodiscard]] bool devicesSeen() const noexcept { return devicesSeen_; }
  [[nodiscard]] const std::set<std::uint32_t>& liveIds() const noexcept { return liveIds_; }
  // A live section that was started and not ended; null when there is none.
  [[nodiscard]] const SectionReport* unended() const noexcept;

 private:
  bool elements(ByteReader& reader, bool packaged);
  bool startSection(ByteReader& reader, bool full, bool packaged);
  bool continueSection(ByteReader& reader, bool last, bool packaged);
  bool payload(ByteReader& reader, SectionReport& section, bool packaged);
  bool ramPayload(ByteReader& reader, SectionReport& section, bool packaged);
  bool salvageRam(ByteReader& reader);
  bool opaquePayload(ByteReader& reader, SectionReport& section, bool packaged);
  bool footer(ByteReader& reader, const SectionReport& section);
  bool command(ByteReader& reader, bool packaged);
  bool adviseCommand(ByteReader& reader, std::uint64_t offset);
  bool discardCommand(ByteReader& reader, std::uint64_t offset);
  bool package(ByteReader& reader);
  bool tail(ByteReader& reader);
  void setPageBytes(std::uint64_t pageBytes, PageBytesSource source, std::uint64_t offset);
  bool fail(std::uint64_t offset, const std::string& text) {
    return context_.fail(context_.report.mainInput, offset, text);
  }
  bool failCut(std::uint64_t offset, const char* inside) {
    return fail(offset, std::string("the file ends inside ") + inside);
  }

  StreamContext& context_;
  RamSection& ram_;
  Multifd* multifd_;
  LateDescription& description_;
  bool pageBytesFixed_;
  std::optional<bool> footers_;
  std::optional<std::uint32_t> ramId_;
  bool ramEnded_ = false;
  bool postcopy_ = false;
  bool endReached_ = false;
  bool tailUnparsed_ = false;
  bool packageUnparsed_ = false;
  bool ramInPackage_ = false;
  bool devicesSeen_ = false;
  std::map<std::uint32_t, std::size_t> sections_;  // by id, into the report's list
  std::set<std::uint32_t> liveIds_;
  std::map<std::uint16_t, std::size_t> commands_;  // likewise
};

}  // namespace drover
