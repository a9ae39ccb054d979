#include "core/image/process_image.h"

#include "core/ram/process_source.h"

namespace drover {
namespace {

class ProcessTable final : public PageTable {
 public:
  ProcessTable(std::shared_ptr<const ProcessSource> source, std::uint64_t address,
               std::uint32_t pageBytes, std::uint64_t pages) noexcept
      : source_(std::move(source)), address_(address), pageBytes_(pageBytes), pages_(pages) {}

  [[nodiscard]] PageRun runAt(std::uint64_t page) const noexcept override {
    return {pages_ - page, PageKind::packed};
  }
  [[nodiscard]] Status unpack(std::uint64_t page,
                              std::span<std::uint8_t> out) const noexcept override {
    return source_->read(address_ + page * pageBytes_, out);
  }
  [[nodiscard]] bool readTogether(std::uint64_t page,
                                  std::span<std::uint8_t> out) const noexcept override {
    return source_->read(address_ + page * pageBytes_, out).ok();
  }
  [[nodiscard]] std::uint64_t indexBytes() const noexcept override { return sizeof *this; }

 private:
  std::shared_ptr<const ProcessSource> source_;
  std::uint64_t address_;
  std::uint64_t pageBytes_;
  std::uint64_t pages_;
};

}  // namespace

Result<RamImage> openProcessImage(pid_t pid, const std::vector<Region>& regions,
                                  std::uint32_t pageBytes) noexcept {
  using Opened = Result<RamImage>;
  Result<RegionTable> table = RegionTable::make(regions);
  if (!table.ok()) return Opened::failed(table.status);
  for (const Region& region : regions) {
    if (pageBytes == 0 || region.size % pageBytes != 0) {
      return Opened::failed(Status::of(Fault::badArgument, "a region that cuts a page"));
    }
  }
  Result<std::shared_ptr<ProcessSource>> source = ProcessSource::open(pid, std::move(table.value));
  if (!source.ok()) return Opened::failed(source.status);
  RamImage image;
  for (const Region& region : regions) {
    RamBlock block;
    block.name = "memory";
    block.length = region.size;
    block.pageBytes = pageBytes;
    block.places = {{region.address, 0, region.size}};
    block.table = std::make_unique<ProcessTable>(source.value, region.address, pageBytes,
                                                 region.size / pageBytes);
    image.blocks.push_back(std::move(block));
  }
  return Opened::of(std::move(image));
}

}  // namespace drover
