#include "core/checks/image_stamps.h"

#include <cstring>

#include "core/checks/stamp_run.h"

namespace drover {

Status ImageStamps::gatherPart(const StampExtent& part, const Kernel& kernel,
                               std::uint8_t* out) const noexcept {
  const RamBlock& block = image_.blocks[part.block];
  const std::uint64_t step = stamps_.step();
  for (std::uint64_t done = 0; done < part.count;) {
    const std::uint64_t offset = part.blockOffset + done * step;
    const StampRun run = stampRunAt(block, offset, step, 1, part.count - done);
    Status status;
    if (run.kind == PageKind::stored) {
      const InputFile& file = image_.inputs[run.input];
      populateRun(file, run, 1);
      status =
          file.visit(run.offset, (run.count - 1) * run.stride + 1, [&](const std::uint8_t* base) {
            kernel.gather(base, run.stride, run.count, out + done);
          });
    } else if (run.kind == PageKind::packed) {
      status = image_.read(block, offset, {out + done, 1});
    } else {
      std::memset(out + done, run.kind == PageKind::fill ? run.fill : 0, run.count);
    }
    if (!status.ok()) return status;
    done += run.count;
  }
  return {};
}

Status ImageStamps::gather(const Strided& wanted, const Kernel& kernel,
                           std::uint8_t* out) const noexcept {
  const Status status =
      stamps_.forEachPart(wanted.address, wanted.count, [&](const StampExtent& part) noexcept {
        return gatherPart(part, kernel, out + (part.first - wanted.address));
      });
  progress_.add(wanted.count);
  return status;
}

Status ImageStamps::read(std::uint64_t address, std::span<std::uint8_t> out) const noexcept {
  return gather({address, 1, out.size()}, defaultKernel(), out.data());
}

}  // namespace drover
