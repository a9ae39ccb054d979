#!/bin/sh
# Rebuilds the guest images into a temporary folder and compares them with the committed ones.
# The architectures other than this host's need Debian's binutils for them (binutils-ARCH-linux-gnu).
# Exit code: 0 the same, 1 an image differs from its source, 3 an image cannot be built on this host.
set -eu
repo=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

status=0
for image in x86/drover-x86.bin aarch64/drover-aarch64.bin riscv64/drover-riscv64.bin \
  s390x/drover-s390x.bin ppc64/drover-ppc64.bin; do
  built=$work/$(basename "$image")
  if ! "$repo/guest/$(dirname "$image")/build.sh" "$built"; then
    echo "check-guest: guest/$image cannot be built here (GNU as, ld and objcopy for it are needed: package binutils or binutils-$(dirname "$image")-linux-gnu)" >&2
    exit 3
  fi
  if cmp "$repo/guest/$image" "$built" >&2; then
    echo "check-guest: guest/$image is what its source says"
  else
    echo "check-guest: guest/$image differs from its source. To update it: guest/$(dirname "$image")/build.sh guest/$image" >&2
    status=1
  fi
done
exit $status
