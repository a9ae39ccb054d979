// What a migration stream is made of, beside its RAM: plain data. Every
// list is capped and has its true total beside it, so that a hostile stream cannot make a large
// report. Names and texts are raw bytes of the file: escape them before printing.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/image/ram_image.h"

namespace drover {

enum class Completeness : std::uint8_t {
  incomplete,               // the stream ends before its RAM does, or its RAM cannot be trusted
  ramCompleteTailUnparsed,  // RAM is complete; the devices after it could not be parsed to the end
  complete,
  backgroundSnapshot,  // complete, in the form that a snapshot of a running guest has
  devicesAlone,        // as xen-save-devices-state writes it: device state and nothing else
};

enum class PageBytesSource : std::uint8_t {
  assumed,  // the stream does not say: 4096
  probed,   // 4096 did not fit, this did
  vmdesc,
  advice,         // postcopy advise
  configuration,  // target-page-bits
  mappedRam,
  caller,
};

enum class RecordKind : std::uint8_t {
  zero,
  fill,
  page,
  xbzrle,
  compress,
  channelPage,
  channelZero,
};
inline constexpr std::size_t kRecordKinds = 7;

struct RecordCounts {
  std::array<std::uint64_t, kRecordKinds> records{};
  // Bytes in the files that these records take, headers included. Zero for channel records, whose
  // pages share headers.
  std::array<std::uint64_t, kRecordKinds> bytes{};

  void add(RecordKind kind, std::uint64_t size) noexcept {
    records[static_cast<std::size_t>(kind)] += 1;
    bytes[static_cast<std::size_t>(kind)] += size;
  }
  [[nodiscard]] std::uint64_t total() const noexcept;
};

// Final kinds of pages, in the order of PageKind.
using KindCounts = std::array<std::uint64_t, 5>;

struct BlockReport {
  std::string name;
  std::uint64_t length = 0;
  std::uint64_t hostPageBytes = 0;             // 0 if the stream does not say (postcopy)
  std::optional<std::uint64_t> regionAddress;  // x-ignore-shared: inside the parent region
  std::uint64_t bitmapOffset = 0;              // mapped-ram
  std::uint64_t pagesOffset = 0;               // mapped-ram
  RecordCounts records;
  KindCounts finalKinds{};
  std::uint64_t discarded = 0;  // pages taken back by postcopy, each time
};

enum class SectionRole : std::uint8_t { live, device };

// One row for each section id. A live section has many parts; `offset` and `length` are those of
// its first payload, `bytes` the sum of all.
struct SectionReport {
  SectionRole role = SectionRole::device;
  std::uint32_t id = 0;
  std::string name;
  std::uint32_t instance = 0;
  std::uint32_t version = 0;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  std::uint64_t bytes = 0;
  std::uint64_t parts = 0;
  bool ended = false;           // live: its END was seen
  bool packaged = false;        // inside the package of a postcopy switch
  bool sizeFromFooter = false;  // found by searching, not by the description
};

struct CommandReport {
  std::uint16_t number = 0;
  std::uint64_t count = 0;
  std::uint64_t firstOffset = 0;
};

// From one return of the sender to an earlier place to the next.
struct PassReport {
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;
};

struct ChannelReport {
  std::uint32_t input = 0;
  std::uint8_t id = 0;
  std::string compression;  // "none", "zlib", "zstd"
  std::uint64_t packets = 0;
  std::uint64_t syncs = 0;
  std::uint64_t pages = 0;
  std::uint64_t zeroPages = 0;
  std::uint64_t payloadBytes = 0;
  std::uint64_t devicePackets = 0;
};

struct WarningReport {
  std::uint32_t input = 0;
  std::uint64_t offset = 0;
  std::string text;
};

struct StreamReport {
  static constexpr std::size_t kMaxWarnings = 100;
  static constexpr std::size_t kMaxPasses = 1000;
  static constexpr std::size_t kSentTimes = 32;

  std::uint32_t mainInput = 0;
  std::uint64_t streamOffset = 0;
  std::uint64_t endOffset = 0;  // where parsing ended
  std::optional<std::string> machine;
  std::vector<std::string> configuration;     // names of its subsections
  std::vector<std::string> capabilities;      // as the configuration lists them
  std::vector<std::string> seenCapabilities;  // from what occurs in the stream
  std::string uuid;                           // 16 raw bytes, or empty
  std::uint32_t pageBytes = 4096;
  PageBytesSource pageBytesSource = PageBytesSource::assumed;
  bool footers = false;
  std::vector<BlockReport> blocks;
  std::vector<SectionReport> sections;
  std::vector<CommandReport> commands;

  std::uint64_t ramChunks = 0;  // payloads of the ram section: END OF SECTION marks
  std::uint64_t flushes = 0;    // multifd synchronisation marks
  RecordCounts records;
  std::uint64_t superseded = 0;  // records whose page was sent again later
  // How many pages came 0, 1, 2, ... times; the last cell means that often or more. The first cell
  // stays 0: absent pages are in BlockReport. Pages taken back count from 0 again.
  std::array<std::uint64_t, kSentTimes> sentTimes{};
  std::vector<PassReport> passes;
  std::uint64_t passesTotal = 0;
  std::vector<ChannelReport> channels;

  std::uint64_t vmdescOffset = 0;  // of the text
  std::uint64_t vmdescLength = 0;  // 0: there is none
  Completeness completeness = Completeness::incomplete;
  std::string completenessReason;  // why not complete; empty when it is
  ParseError stopped;              // why parsing stopped early
  std::vector<WarningReport> warnings;
  std::uint64_t warningsTotal = 0;
  std::uint64_t indexBytes = 0;
  std::uint64_t scratchBytes = 0;  // decoded pages kept in a temporary file

  void warn(std::uint32_t input, std::uint64_t offset, std::string text);
  void seen(const char* capability);
};

}  // namespace drover
