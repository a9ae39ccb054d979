// Everything that is no stream: ELF and kdump dumps, raw memory, and recognising them. The first
// byte chooses the format, the rest is the file.
#include "core/open_image.h"
#include "fuzz/walk_image.h"

using namespace drover;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  OpenOptions options;
  switch (data[0] & 3U) {
    case 1:
      options.format = Format::elf;
      break;
    case 2:
      options.format = Format::kdump;
      break;
    case 3:
      options.format = Format::raw;
      break;
    default:
      break;
  }
  options.salvage = (data[0] & 4U) != 0;
  std::vector<InputFile> inputs;
  inputs.push_back(fuzz::inputOf({data + 1, size - 1}));
  const CancelFlag never;
  const OpenedImage opened = openImage(std::move(inputs), options, never);
  if (opened.error.ok()) fuzz::walkImage(opened.image);
  return 0;
}
