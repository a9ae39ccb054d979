#!/bin/sh
# Rebuilds the guest images into a temporary folder and compares them with the committed ones.
# Exit code: 0 the same, 1 an image differs from its source, 3 an image cannot be built on this host.
set -eu
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

status=0
for source in guest/*/boot.S; do
  arch=$(basename "$(dirname "$source")")
  image=guest/$arch/drover-$arch.bin
  if ! guest/build.sh "$arch" "$work/$arch"; then
    echo "check-guest: $image cannot be built here (needed: GNU as, ld and objcopy for it, or LLVM's; see guest/README.md)" >&2
    exit 3
  fi
  if cmp "$image" "$work/$arch" >&2; then
    echo "check-guest: $image is what its source says"
  else
    echo "check-guest: $image differs from its source. To update it: guest/build.sh $arch $image" >&2
    status=1
  fi
done
exit $status
