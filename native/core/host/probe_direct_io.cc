#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "core/descriptor.h"
#include "core/host/probes.h"

namespace drover {
namespace {

// QEMU aligns migration files to this, so a write of that shape is what has to work.
constexpr std::size_t kBlock = std::size_t{1} << 20;

struct Free {
  void operator()(void* memory) const noexcept { std::free(memory); }
};

Probe tryIn(const char* path) noexcept {
  const Descriptor direct = Descriptor::own(::open(path, O_WRONLY | O_DIRECT | O_CLOEXEC));
  if (!direct.isOpen()) return Probe::no("open with O_DIRECT", errno);
  const std::unique_ptr<void, Free> block(std::aligned_alloc(kBlock, kBlock));
  if (block == nullptr) return Probe::no("aligned memory", ENOMEM);
  std::memset(block.get(), 0, kBlock);
  const ssize_t wrote = ::pwrite(direct.get(), block.get(), kBlock, kBlock);
  if (wrote < 0) return Probe::no("write with O_DIRECT", errno);
  if (static_cast<std::size_t>(wrote) != kBlock)
    return Probe::no("write with O_DIRECT was cut short");
  return Probe::yes();
}

}  // namespace

Probe probeDirectIo(const char* directory) noexcept {
  std::string path = std::string(directory) + "/probe-o-direct-XXXXXX";
  // Made without O_DIRECT: some file systems create the file and only then refuse the flag.
  const Descriptor file = Descriptor::own(::mkostemp(path.data(), O_CLOEXEC));
  if (!file.isOpen()) return Probe::no("a file in the directory", errno);
  Probe probe = tryIn(path.c_str());
  ::unlink(path.c_str());
  return probe;
}

}  // namespace drover
