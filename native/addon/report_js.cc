#include "addon/report_js.h"

#include <array>

#include "addon/convert.h"

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
    case Completeness::devicesAlone:
      return "devicesAlone";
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

Napi::Value countsToJs(Napi::Env env, const RecordCounts& counts) {
  Napi::Object out = Napi::Object::New(env);
  for (std::size_t i = 0; i < kRecordKinds; ++i) {
    Napi::Object one = Napi::Object::New(env);
    one.Set("records", counts.records[i]);
    one.Set("bytes", counts.bytes[i]);
    out.Set(kRecordNames[i], one);
  }
  return out;
}

Napi::Value blockToJs(Napi::Env env, const BlockReport& block) {
  Napi::Object out = Napi::Object::New(env);
  out.Set("name", latin1(env, block.name));
  out.Set("length", block.length);
  out.Set("hostPageBytes", block.hostPageBytes);
  out.Set("regionAddress", numberOrNull(env, block.regionAddress));
  out.Set("bitmapOffset", block.bitmapOffset);
  out.Set("pagesOffset", block.pagesOffset);
  out.Set("records", countsToJs(env, block.records));
  Napi::Object kinds = Napi::Object::New(env);
  for (std::size_t i = 0; i < kKindNames.size(); ++i) kinds.Set(kKindNames[i], block.finalKinds[i]);
  out.Set("finalKinds", kinds);
  out.Set("discarded", block.discarded);
  return out;
}

Napi::Value sectionToJs(Napi::Env env, const SectionReport& section) {
  Napi::Object out = Napi::Object::New(env);
  out.Set("role", section.role == SectionRole::live ? "live" : "device");
  out.Set("id", section.id);
  out.Set("name", latin1(env, section.name));
  out.Set("instance", section.instance);
  out.Set("version", section.version);
  out.Set("offset", section.offset);
  out.Set("length", section.length);
  out.Set("bytes", section.bytes);
  out.Set("parts", section.parts);
  out.Set("ended", section.ended);
  out.Set("packaged", section.packaged);
  out.Set("sizeFromFooter", section.sizeFromFooter);
  return out;
}

Napi::Value commandToJs(Napi::Env env, const CommandReport& command) {
  Napi::Object out = Napi::Object::New(env);
  out.Set("number", command.number);
  out.Set("count", command.count);
  out.Set("firstOffset", command.firstOffset);
  return out;
}

Napi::Value passToJs(Napi::Env env, const PassReport& pass) {
  Napi::Object out = Napi::Object::New(env);
  out.Set("records", pass.records);
  out.Set("bytes", pass.bytes);
  return out;
}

Napi::Value channelToJs(Napi::Env env, const ChannelReport& channel) {
  Napi::Object out = Napi::Object::New(env);
  out.Set("input", channel.input);
  out.Set("id", channel.id);
  out.Set("compression", channel.compression);
  out.Set("packets", channel.packets);
  out.Set("syncs", channel.syncs);
  out.Set("pages", channel.pages);
  out.Set("zeroPages", channel.zeroPages);
  out.Set("payloadBytes", channel.payloadBytes);
  out.Set("devicePackets", channel.devicePackets);
  return out;
}

// A remark about a place in a file.
Napi::Value remarkToJs(Napi::Env env, const char* key, const std::string& text, std::uint32_t input,
                       std::uint64_t offset) {
  Napi::Object out = Napi::Object::New(env);
  out.Set("input", input);
  out.Set("offset", offset);
  out.Set(key, latin1(env, text));
  return out;
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

}  // namespace

Napi::Value reportToJs(Napi::Env env, const RamImage& image, const StreamReport& report) {
  const auto list = [env](const auto& items, auto convert) {
    return arrayOf(env, items, [&](const auto& item) { return convert(env, item); });
  };
  const auto warning = [](Napi::Env in, const WarningReport& one) {
    return remarkToJs(in, "text", one.text, one.input, one.offset);
  };
  const ParseError& stopped = report.stopped;
  Napi::Object out = Napi::Object::New(env);
  out.Set("mainInput", report.mainInput);
  out.Set("streamOffset", report.streamOffset);
  out.Set("endOffset", report.endOffset);
  out.Set("machine", report.machine ? latin1(env, *report.machine) : env.Null());
  out.Set("configuration", list(report.configuration, latin1));
  out.Set("capabilities", list(report.capabilities, latin1));
  out.Set("seenCapabilities", list(report.seenCapabilities, latin1));
  out.Set("uuid", hexOf(report.uuid));
  out.Set("pageBytes", report.pageBytes);
  out.Set("pageBytesSource", nameOf(report.pageBytesSource));
  out.Set("footers", report.footers);
  out.Set("inputs", image.inputs.size());
  out.Set("blocks", list(report.blocks, blockToJs));
  out.Set("sections", list(report.sections, sectionToJs));
  out.Set("commands", list(report.commands, commandToJs));
  out.Set("ramChunks", report.ramChunks);
  out.Set("flushes", report.flushes);
  out.Set("records", countsToJs(env, report.records));
  out.Set("superseded", report.superseded);
  out.Set("sentTimes", list(report.sentTimes, number));
  out.Set("passes", list(report.passes, passToJs));
  out.Set("passesTotal", report.passesTotal);
  out.Set("channels", list(report.channels, channelToJs));
  out.Set("vmdescOffset", report.vmdescOffset);
  out.Set("vmdescLength", report.vmdescLength);
  out.Set("completeness", nameOf(report.completeness));
  out.Set("completenessReason", latin1(env, report.completenessReason));
  out.Set("stopped",
          stopped.ok() ? env.Null()
                       : remarkToJs(env, "reason", stopped.reason, stopped.input, stopped.offset));
  out.Set("warnings", list(report.warnings, warning));
  out.Set("warningsTotal", report.warningsTotal);
  out.Set("indexBytes", report.indexBytes);
  out.Set("scratchBytes", report.scratchBytes);
  return out;
}

}  // namespace drover
