#include "core/stream/report_json.h"

#include <array>
#include <cstdio>
#include <string_view>

namespace drover {
namespace {

constexpr std::array<const char*, kRecordKinds> kRecordNames{
    "zero", "fill", "page", "xbzrle", "compress", "channelPage", "channelZero"};
constexpr std::array<const char*, 5> kKindNames{"absent", "zero", "fill", "stored", "packed"};

const char* nameOf(Completeness value) noexcept {
  switch (value) {
    case Completeness::incomplete:
      return "incomplete";
    case Completeness::ramCompleteTailUnparsed:
      return "ramCompleteTailUnparsed";
    case Completeness::complete:
      return "complete";
    case Completeness::backgroundSnapshot:
      return "backgroundSnapshot";
  }
  return "";
}

const char* nameOf(PageBytesSource value) noexcept {
  switch (value) {
    case PageBytesSource::assumed:
      return "assumed";
    case PageBytesSource::probed:
      return "probed";
    case PageBytesSource::vmdesc:
      return "vmdesc";
    case PageBytesSource::advice:
      return "advice";
    case PageBytesSource::configuration:
      return "configuration";
    case PageBytesSource::mappedRam:
      return "mappedRam";
    case PageBytesSource::caller:
      return "caller";
  }
  return "";
}

// Writes members in turn and keeps track of commas.
class Json {
 public:
  Json& key(std::string_view name) {
    comma();
    quote(name);
    text_ += ':';
    fresh_ = true;
    return *this;
  }
  Json& open(char bracket) {
    comma();
    text_ += bracket;
    fresh_ = true;
    return *this;
  }
  Json& close(char bracket) {
    text_ += bracket;
    fresh_ = false;
    return *this;
  }
  Json& number(std::uint64_t value) {
    comma();
    text_ += std::to_string(value);
    return *this;
  }
  Json& boolean(bool value) { return word(value ? "true" : "false"); }
  Json& null() { return word("null"); }
  Json& string(std::string_view value) {
    comma();
    quote(value);
    return *this;
  }
  std::string take() { return std::move(text_); }

 private:
  Json& word(const char* value) {
    comma();
    text_ += value;
    return *this;
  }
  void comma() {
    if (!fresh_) text_ += ',';
    fresh_ = false;
  }
  void quote(std::string_view value) {
    text_ += '"';
    for (const char c : value) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte < 0x20 || byte >= 0x7f) {
        std::array<char, 8> escape{};
        std::snprintf(escape.data(), escape.size(), "\\u%04x", static_cast<unsigned>(byte));
        text_ += escape.data();
      } else {
        if (c == '"' || c == '\\') text_ += '\\';
        text_ += c;
      }
    }
    text_ += '"';
  }

  std::string text_;
  bool fresh_ = true;
};

template <class List, class Write>
void list(Json& json, std::string_view key, const List& items, Write&& write) {
  json.key(key).open('[');
  for (const auto& item : items) write(item);
  json.close(']');
}

void write(Json& json, std::string_view key, const RecordCounts& counts) {
  json.key(key).open('{');
  for (std::size_t i = 0; i < kRecordKinds; ++i) {
    json.key(kRecordNames[i]).open('{');
    json.key("records").number(counts.records[i]).key("bytes").number(counts.bytes[i]);
    json.close('}');
  }
  json.close('}');
}

void write(Json& json, const BlockReport& block) {
  json.open('{').key("name").string(block.name).key("length").number(block.length);
  json.key("hostPageBytes").number(block.hostPageBytes).key("regionAddress");
  if (block.regionAddress)
    json.number(*block.regionAddress);
  else
    json.null();
  json.key("bitmapOffset").number(block.bitmapOffset);
  json.key("pagesOffset").number(block.pagesOffset);
  write(json, "records", block.records);
  json.key("finalKinds").open('{');
  for (std::size_t i = 0; i < kKindNames.size(); ++i) {
    json.key(kKindNames[i]).number(block.finalKinds[i]);
  }
  json.close('}').key("discarded").number(block.discarded).close('}');
}

void write(Json& json, const SectionReport& section) {
  json.open('{').key("role").string(section.role == SectionRole::live ? "live" : "device");
  json.key("id").number(section.id).key("name").string(section.name);
  json.key("instance").number(section.instance).key("version").number(section.version);
  json.key("offset").number(section.offset).key("length").number(section.length);
  json.key("bytes").number(section.bytes).key("parts").number(section.parts);
  json.key("ended").boolean(section.ended).key("packaged").boolean(section.packaged);
  json.key("sizeFromFooter").boolean(section.sizeFromFooter).close('}');
}

void write(Json& json, const ChannelReport& channel) {
  json.open('{').key("input").number(channel.input).key("id").number(channel.id);
  json.key("compression").string(channel.compression).key("packets").number(channel.packets);
  json.key("syncs").number(channel.syncs).key("pages").number(channel.pages);
  json.key("zeroPages").number(channel.zeroPages);
  json.key("payloadBytes").number(channel.payloadBytes);
  json.key("devicePackets").number(channel.devicePackets).close('}');
}

std::string hexOf(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 15U];
  }
  return text;
}

void writeHead(Json& json, const StreamReport& report) {
  json.key("mainInput").number(report.mainInput);
  json.key("streamOffset").number(report.streamOffset).key("endOffset").number(report.endOffset);
  json.key("machine");
  if (report.machine)
    json.string(*report.machine);
  else
    json.null();
  const auto text = [&json](const std::string& item) { json.string(item); };
  list(json, "configuration", report.configuration, text);
  list(json, "capabilities", report.capabilities, text);
  list(json, "seenCapabilities", report.seenCapabilities, text);
  json.key("uuid").string(hexOf(report.uuid)).key("pageBytes").number(report.pageBytes);
  json.key("pageBytesSource").string(nameOf(report.pageBytesSource));
  json.key("footers").boolean(report.footers);
}

void writeTail(Json& json, const StreamReport& report) {
  json.key("vmdescOffset").number(report.vmdescOffset);
  json.key("vmdescLength").number(report.vmdescLength);
  json.key("completeness").string(nameOf(report.completeness));
  json.key("completenessReason").string(report.completenessReason).key("stopped");
  if (report.stopped.ok()) {
    json.null();
  } else {
    json.open('{').key("reason").string(report.stopped.reason);
    json.key("input").number(report.stopped.input);
    json.key("offset").number(report.stopped.offset).close('}');
  }
  list(json, "warnings", report.warnings, [&json](const WarningReport& warning) {
    json.open('{').key("input").number(warning.input).key("offset").number(warning.offset);
    json.key("text").string(warning.text).close('}');
  });
  json.key("warningsTotal").number(report.warningsTotal);
  json.key("indexBytes").number(report.indexBytes);
  json.key("scratchBytes").number(report.scratchBytes);
}

}  // namespace

std::string reportJson(const RamImage& image, const StreamReport& report) {
  Json json;
  json.open('{');
  writeHead(json, report);
  json.key("inputs").number(image.inputs.size());
  list(json, "blocks", report.blocks, [&json](const BlockReport& block) { write(json, block); });
  list(json, "sections", report.sections,
       [&json](const SectionReport& section) { write(json, section); });
  list(json, "commands", report.commands, [&json](const CommandReport& command) {
    json.open('{').key("number").number(command.number).key("count").number(command.count);
    json.key("firstOffset").number(command.firstOffset).close('}');
  });
  json.key("ramChunks").number(report.ramChunks).key("flushes").number(report.flushes);
  write(json, "records", report.records);
  json.key("superseded").number(report.superseded);
  list(json, "sentTimes", report.sentTimes, [&json](std::uint64_t pages) { json.number(pages); });
  list(json, "passes", report.passes, [&json](const PassReport& pass) {
    json.open('{').key("records").number(pass.records).key("bytes").number(pass.bytes).close('}');
  });
  json.key("passesTotal").number(report.passesTotal);
  list(json, "channels", report.channels,
       [&json](const ChannelReport& channel) { write(json, channel); });
  writeTail(json, report);
  json.close('}');
  return json.take();
}

}  // namespace drover
