#include "core/ram/stamp_runs.h"

#include <array>
#include <cstring>
#include <new>

namespace drover {

std::size_t equalPrefix(std::span<const std::uint8_t> bytes) noexcept {
  const std::uint8_t value = bytes[0];
  const std::uint64_t wanted = 0x0101010101010101U * value;
  std::size_t i = 0;
  // 32 bytes a turn in plain 64-bit words: the compiler makes vector code of it where there is
  // some.
  for (; i + 32 <= bytes.size(); i += 32) {
    std::array<std::uint64_t, 4> words;
    std::memcpy(words.data(), bytes.data() + i, sizeof words);
    if (((words[0] ^ wanted) | (words[1] ^ wanted) | (words[2] ^ wanted) | (words[3] ^ wanted)) !=
        0) {
      break;
    }
  }
  while (i < bytes.size() && bytes[i] == value) ++i;
  return i;
}

StampChunk StampChunk::of(std::span<const std::uint8_t> stamps) noexcept {
  // As runs only where those take no more room than the bytes do.
  constexpr std::size_t kMostRuns = StampRuns::kChunkPages / sizeof(ShortRun);
  std::array<ShortRun, kMostRuns> runs;
  std::size_t count = 0;
  std::span<const std::uint8_t> left = stamps;
  const std::size_t worthwhile =
      std::clamp<std::size_t>(stamps.size() / sizeof(ShortRun), 1, kMostRuns);
  while (!left.empty() && count < worthwhile) {
    const std::size_t same = equalPrefix(left);
    runs[count++] = {static_cast<std::uint32_t>(same), left[0]};
    left = left.subspan(same);
  }

  StampChunk chunk;
  if (left.empty()) {
    chunk.runs_.assign(runs.data(), runs.data() + count);
  } else {
    chunk.bytes_.assign(stamps.begin(), stamps.end());
  }
  return chunk;
}

std::size_t StampChunk::heldBytes() const noexcept {
  return runs_.size() * sizeof(ShortRun) + bytes_.size();
}

Result<StampRuns> StampRuns::forPages(std::uint64_t pages) noexcept {
  StampRuns runs;
  runs.pages_ = pages;
  runs.chunkCount_ = static_cast<std::size_t>((pages + kChunkPages - 1) / kChunkPages);
  // A caller may ask for any range, before it is known what holds it.
  runs.chunks_.reset(new (std::nothrow) StampChunk[runs.chunkCount_]);
  if (runs.chunks_ == nullptr) {
    return Result<StampRuns>::failed(Status::of(Fault::outOfMemory, "chunks"));
  }
  return Result<StampRuns>::of(std::move(runs));
}

std::size_t StampRuns::heldBytes() const noexcept {
  std::size_t total = chunkCount_ * sizeof(StampChunk);
  for (std::size_t i = 0; i < chunkCount_; ++i) total += chunks_[i].heldBytes();
  return total;
}

}  // namespace drover
