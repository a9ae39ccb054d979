#include "core/image/ram_image.h"

#include <algorithm>
#include <cstring>

namespace drover {

Status PageTable::unpack(std::uint64_t /*page*/, std::span<std::uint8_t> /*out*/) const noexcept {
  return Status::of(Fault::badArgument, "a page that is not packed");
}

const RamBlock* RamImage::find(std::string_view name) const noexcept {
  for (const RamBlock& block : blocks) {
    if (block.name == name) return &block;
  }
  return nullptr;
}

namespace {

// A part of one packed page: a whole one is decoded in place.
Status readPacked(const RamBlock& block, std::uint64_t page, std::uint64_t inPage,
                  std::span<std::uint8_t> out) noexcept {
  if (out.size() == block.pageBytes) return block.table->unpack(page, out);
  std::vector<std::uint8_t> whole(block.pageBytes);
  const Status status = block.table->unpack(page, whole);
  if (status.ok()) std::memcpy(out.data(), whole.data() + inPage, out.size());
  return status;
}

}  // namespace

Status RamImage::read(const RamBlock& block, std::uint64_t offset,
                      std::span<std::uint8_t> out) const noexcept {
  if (offset > block.length || out.size() > block.length - offset) {
    return Status::at(Fault::outOfRange, offset);
  }
  std::size_t done = 0;
  const bool wholePages = offset % block.pageBytes == 0 && out.size() % block.pageBytes == 0;
  if (wholePages && out.size() > block.pageBytes &&
      block.table->readTogether(offset / block.pageBytes, out)) {
    return {};
  }
  while (done < out.size()) {
    const std::uint64_t page = (offset + done) / block.pageBytes;
    const std::uint64_t inPage = (offset + done) % block.pageBytes;
    const PageRun run = block.table->runAt(page);
    const bool inOnePiece = run.kind == PageKind::absent || run.kind == PageKind::zero ||
                            run.kind == PageKind::fill ||
                            (run.kind == PageKind::stored && run.stride == block.pageBytes);
    const std::uint64_t here = (inOnePiece ? run.pages : 1) * block.pageBytes - inPage;
    const std::size_t count = std::min<std::uint64_t>(out.size() - done, here);
    const std::span<std::uint8_t> part = out.subspan(done, count);
    Status status;
    if (run.kind == PageKind::stored) {
      status = inputs[run.input].read(run.offset + inPage, part);
    } else if (run.kind == PageKind::packed) {
      status = readPacked(block, page, inPage, part);
    } else {
      std::memset(part.data(), run.kind == PageKind::fill ? run.fill : 0, count);
    }
    if (!status.ok()) return status;
    done += count;
  }
  return {};
}

std::uint64_t RamImage::indexBytes() const noexcept {
  std::uint64_t total = 0;
  for (const RamBlock& block : blocks) {
    if (block.table != nullptr) total += block.table->indexBytes();
  }
  return total;
}

}  // namespace drover
