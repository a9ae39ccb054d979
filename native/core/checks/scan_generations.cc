#include "core/checks/scan_generations.h"

#include "core/checks/stamp_run.h"
#include "core/chunks.h"
#include "core/image/zero.h"

namespace drover {
namespace {

// Pages that are read at once from a process: they stay in a processor's own cache.
constexpr std::uint64_t kTogether = 64;

// Pages to look ahead, as in gather_stamps_prefetch.cc.
constexpr std::size_t kAhead = 64;

void classifyHeaders(const StampedPages& pages, RunBuffer& out) noexcept {
  for (std::size_t i = 0; i < pages.pages; ++i) {
    const std::uint8_t* page = pages.base + i * pages.stride;
    if (i + kAhead < pages.pages) __builtin_prefetch(page + kAhead * pages.stride);
    const std::uint64_t generation = wordAt(page);
    const std::uint64_t address = wordAt(page + 8);
    if (generation == 0 && address == 0) {
      out.add(PageClass::zero, 0, 1);
    } else if (address == pages.address + i * pages.step) {
      out.add(PageClass::whole, generation, 1);
    } else {
      out.add(PageClass::odd, 0, 1);
    }
  }
}

// The kernel runs over all pages of one generation; inspectPage checks the page where it stops.
void classifyWhole(StampedPages pages, const VerifyKernel& kernel, RunBuffer& out) noexcept {
  const std::uint64_t stride = pages.stride;
  while (pages.pages > 0) {
    pages.generation = wordAt(pages.base);
    std::size_t same = kernel.verify(pages);
    if (same > 0) {
      out.add(PageClass::whole, pages.generation, same);
    } else {
      const bool zero = pages.generation == 0 && isZero({pages.base, pages.pageBytes});
      out.add(zero ? PageClass::zero : PageClass::odd, 0, 1);
      same = 1;
    }
    pages.base += same * stride;
    pages.address += same * pages.step;
    pages.pages -= same;
  }
}

struct Job {
  const RamImage& image;
  const StampSequence& stamps;
  StampLevel level;
  std::uint64_t blockAddress;
  const VerifyKernel& kernel;
  Progress& progress;
  GenerationRuns& runs;
};

class Worker {
 public:
  explicit Worker(const Job& job) noexcept
      : job_(job),
        width_(stampBytesOf(job.level, job.stamps.step())),
        room_(GenerationRuns::kChunkPages),
        page_(width_) {}

  Status work(std::size_t chunk) noexcept {
    RunBuffer found(room_);
    const std::uint64_t first = std::uint64_t{chunk} * GenerationRuns::kChunkPages;
    const std::size_t pages = job_.runs.pagesIn(chunk);
    const Status status = job_.stamps.forEachPart(
        first, pages, [&](const StampExtent& part) noexcept { return scanPart(part, found); });
    job_.progress.add(pages);
    if (status.ok()) job_.runs.put(chunk, found.runs());
    return status;
  }

 private:
  void classify(const std::uint8_t* base, std::uint64_t stride, std::size_t count,
                std::uint64_t address, RunBuffer& found) const noexcept {
    const StampedPages pages{base, stride, count, width_, address, 0, job_.stamps.step()};
    if (job_.level == StampLevel::page) {
      classifyWhole(pages, job_.kernel, found);
    } else {
      classifyHeaders(pages, found);
    }
  }

  Status scanPart(const StampExtent& part, RunBuffer& found) noexcept {
    const RamBlock& block = job_.image.blocks[part.block];
    const std::uint64_t step = job_.stamps.step();
    for (std::uint64_t done = 0; done < part.count;) {
      const std::uint64_t offset = part.blockOffset + done * step;
      const std::uint64_t address = job_.blockAddress + part.address + done * step;
      if (const std::uint64_t pages = scanTogether(block, offset, part.count - done)) {
        classify(stretch_.data(), step, pages, address, found);
        done += pages;
        continue;
      }
      const StampRun run = stampRunAt(block, offset, step, width_, part.count - done);
      Status status;
      if (run.kind == PageKind::stored) {
        const InputFile& file = job_.image.inputs[run.input];
        populateRun(file, run, width_);
        status = file.visit(run.offset, (run.count - 1) * run.stride + width_,
                            [&](const std::uint8_t* base) {
                              classify(base, run.stride, run.count, address, found);
                            });
      } else if (run.kind == PageKind::zero) {
        found.add(PageClass::zero, 0, run.count);
      } else {
        status = scanOne(block, offset, address, found);
        if (status.ok() && run.count > 1) {
          done += 1;  // the next page of a filled run is checked by itself
          continue;
        }
      }
      if (!status.ok()) return status;
      done += run.count;
    }
    return {};
  }

  // How many pages from `offset` on are in `stretch_` now; 0 where they are read one by one.
  std::uint64_t scanTogether(const RamBlock& block, std::uint64_t offset,
                             std::uint64_t left) noexcept {
    const std::uint64_t step = job_.stamps.step();
    const std::uint64_t pages = std::min(left, kTogether);
    if (step != block.pageBytes || offset % step != 0 || pages < 2) return 0;
    stretch_.resize(kTogether * step);
    const auto wanted = std::span(stretch_).first(pages * step);
    return block.table->readTogether(offset / step, wanted) ? pages : 0;
  }

  Status scanOne(const RamBlock& block, std::uint64_t offset, std::uint64_t address,
                 RunBuffer& found) noexcept {
    const std::size_t length = std::min<std::uint64_t>(width_, block.length - offset);
    std::fill(page_.begin(), page_.end(), std::uint8_t{0});
    const Status status = job_.image.read(block, offset, std::span(page_).first(length));
    if (status.ok()) classify(page_.data(), width_, 1, address, found);
    return status;
  }

  const Job& job_;
  std::size_t width_;
  std::vector<GenerationRun> room_;
  std::vector<std::uint8_t> page_;
  std::vector<std::uint8_t> stretch_;
};

}  // namespace

Result<GenerationRuns> scanGenerations(const RamImage& image, const StampSequence& stamps,
                                       StampLevel level, std::uint64_t blockAddress,
                                       const VerifyKernel& kernel, unsigned threads,
                                       Progress& progress, const CancelFlag& cancel) noexcept {
  Result<GenerationRuns> runs = GenerationRuns::forPages(stamps.present());
  if (!runs.ok()) return runs;
  const Job job{image, stamps, level, blockAddress, kernel, progress, runs.value};
  const Status status = forEachChunk(runs.value.chunkCount(), threads, cancel,
                                     [&]() noexcept { return Worker(job); });
  return status.ok() ? std::move(runs) : Result<GenerationRuns>::failed(status);
}

}  // namespace drover
