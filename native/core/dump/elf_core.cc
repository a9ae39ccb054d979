#include "core/dump/elf_core.h"

#include <algorithm>
#include <array>

#include "core/dump/fields.h"
#include "core/dump/segments.h"

namespace drover {
namespace {

struct Header {
  bool wide = true;
  bool bigEndian = false;
  std::uint64_t programHeaders = 0;  // offset of their table
  std::uint64_t entryBytes = 0;
  std::uint64_t count = 0;
  [[nodiscard]] std::uint64_t leastEntryBytes() const noexcept { return wide ? 56 : 32; }
};

constexpr std::uint16_t kCountIsElsewhere = 0xffff;

// With 65535 segments and more the count is in the first section header's sh_info.
ParseError readLongCount(const InputFile& file, std::uint64_t sections, Header& header) noexcept {
  std::array<std::uint8_t, 64> bytes{};
  const std::size_t length = header.wide ? 64 : 40;
  if (sections == 0 || !file.read(sections, {bytes.data(), length}).ok()) {
    return {"the number of segments is in a section header that is not there", 0, sections};
  }
  header.count = Fields(bytes, header.bigEndian).u32(header.wide ? 44 : 28);
  return {};
}

// e_ehsize and e_machine cannot be trusted: QEMU writes 8 into the one, and the other holds the
// virtual processor's mode.
ParseError readHeader(const InputFile& file, Header& header) noexcept {
  std::array<std::uint8_t, 64> bytes{};
  if (!file.read(0, std::span(bytes).first(52)).ok())
    return {"the ELF header is cut short", 0, file.size()};
  const std::uint8_t elfClass = bytes[4];
  const std::uint8_t order = bytes[5];
  if (elfClass != 1 && elfClass != 2) return {"an ELF class that is neither 32 nor 64 bits", 0, 4};
  if (order != 1 && order != 2) return {"an unknown byte order", 0, 5};
  header.wide = elfClass == 2;
  header.bigEndian = order == 2;
  if (header.wide && !file.read(0, bytes).ok())
    return {"the ELF header is cut short", 0, file.size()};
  const Fields fields(bytes, header.bigEndian);
  if (fields.u16(16) != 4) return {"an ELF file, but no core dump", 0, 16};
  header.programHeaders = fields.word(header.wide, header.wide ? 32 : 28);
  header.entryBytes = fields.u16(header.wide ? 54 : 42);
  header.count = fields.u16(header.wide ? 56 : 44);
  if (header.count == kCountIsElsewhere) {
    ParseError error = readLongCount(file, fields.word(header.wide, header.wide ? 40 : 32), header);
    if (!error.ok()) return error;
  }
  if (header.entryBytes < header.leastEntryBytes()) {
    return {"program headers that are too short", 0, header.wide ? 54U : 42U};
  }
  if (!file.holds(header.programHeaders, header.entryBytes * header.count)) {
    return {"the program headers are cut short", 0, file.size()};
  }
  return {};
}

struct ProgramHeader {
  std::uint32_t type;
  std::uint64_t offset;
  std::uint64_t virtualAddress;
  std::uint64_t address;
  std::uint64_t fileBytes;
  std::uint64_t memoryBytes;
};

ProgramHeader programHeader(const Fields& fields, bool wide) noexcept {
  if (wide) {
    return {fields.u32(0),  fields.u64(8),  fields.u64(16),
            fields.u64(24), fields.u64(32), fields.u64(40)};
  }
  return {fields.u32(0),  fields.u32(4),  fields.u32(8),
          fields.u32(12), fields.u32(16), fields.u32(20)};
}

constexpr std::uint32_t kLoad = 1;

// Memory behind the bytes that a segment has in the file was left out by who wrote it (QEMU with
// paging, makedumpfile): it is absent, not zero. `listed` is memory that is held or not.
ParseError addSegment(const InputFile& file, const ProgramHeader& header, std::uint64_t at,
                      std::vector<Segment>& segments, std::vector<Segment>& listed) noexcept {
  if (header.type != kLoad) return {};
  const std::uint64_t length = std::max(header.fileBytes, header.memoryBytes);
  if (header.address > kHighestAddress || length > kHighestAddress - header.address) {
    return {"a segment beyond 2^52", 0, at};
  }
  if (header.fileBytes > header.memoryBytes) {
    return {"a segment that is longer in the file than in memory", 0, at};
  }
  listed.push_back({header.address, header.memoryBytes, 0});
  if (header.fileBytes == 0) return {};
  if (!file.holds(header.offset, header.fileBytes)) {
    return {"the file ends before a segment's data does: cut short", 0,
            std::min(header.offset, file.size())};
  }
  segments.push_back({header.address, header.fileBytes, header.offset});
  return {};
}

// The kernel and gdb write such cores: of a process, where addresses are virtual only.
bool isOfProcess(const std::vector<ProgramHeader>& plain,
                 const std::vector<ProgramHeader>& mapped) noexcept {
  return plain.empty() && mapped.size() > 1 &&
         std::all_of(mapped.begin(), mapped.end(),
                     [](const ProgramHeader& one) { return one.address == 0; });
}

// Where x86-64 Linux maps its own image.
constexpr std::uint64_t kKernelImage = 0xffffffff80000000;
constexpr std::uint64_t kKernelImageEnd = 0xffffffffc0000000;

// Whether the only segment with virtual addresses of its own is the kernel's image, which a kdump
// lists a second time.
bool isKernelImage(const ProgramHeader& mapped, const std::vector<ProgramHeader>& plain) noexcept {
  return mapped.virtualAddress >= kKernelImage && mapped.virtualAddress < kKernelImageEnd &&
         std::any_of(plain.begin(), plain.end(), [&](const ProgramHeader& one) {
           return mapped.address >= one.address && mapped.memoryBytes <= one.memoryBytes &&
                  mapped.address - one.address <= one.memoryBytes - mapped.memoryBytes;
         });
}

}  // namespace

ParseError openElfCore(RamImage& image, const OpenOptions& options,
                       const CancelFlag& cancel) noexcept {
  if (image.inputs.size() != 1) return {"an ELF dump is one file", 1, 0};
  if (options.fileOffset != 0) return {"an ELF dump starts at the file's start", 0, 0};
  const InputFile& file = image.inputs[0];
  Header header;
  ParseError error = readHeader(file, header);
  if (!error.ok()) return error;

  std::vector<Segment> segments;
  std::vector<Segment> listed;
  std::vector<ProgramHeader> plain;
  std::vector<ProgramHeader> mapped;
  for (std::uint64_t i = 0; i < header.count && !cancel.isSet(); ++i) {
    std::array<std::uint8_t, 56> bytes{};
    const std::uint64_t at = header.programHeaders + i * header.entryBytes;
    if (!file.read(at, std::span(bytes).first(header.leastEntryBytes())).ok()) {
      return {"the program headers are cut short", 0, at};
    }
    const Fields fields(bytes, header.bigEndian);
    const ProgramHeader segment = programHeader(fields, header.wide);
    error = addSegment(file, segment, at, segments, listed);
    if (!error.ok()) return error;
    if (segment.type != kLoad) continue;
    const bool isPlain = segment.virtualAddress == 0 || segment.virtualAddress == segment.address;
    (isPlain ? plain : mapped).push_back(segment);
  }
  if (isOfProcess(plain, mapped)) {
    return {
        "a core dump of a process, not of a guest: its segments have no physical addresses; "
        "dump-guest-memory dumps a guest",
        0, header.programHeaders, true};
  }
  const bool paged = !mapped.empty() && !(mapped.size() == 1 && isKernelImage(mapped[0], plain));
  error = joinSegments(file, segments, cancel);
  if (!error.ok()) return {error.reason, 0, header.programHeaders};
  if (segments.empty()) return {"a core dump without memory", 0, header.programHeaders};

  // With virtual addresses of its own (QEMU with paging) a dump lists only what the guest has
  // mapped: the rest may be memory, too.
  image.blocks.push_back(segmentBlock(file, std::move(segments), std::move(listed), !paged,
                                      options.pageBytes.value_or(kUsualPage)));
  return {};
}

}  // namespace drover
