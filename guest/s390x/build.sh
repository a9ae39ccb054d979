#!/bin/sh
# Builds the s390x guest image: guest/s390x/build.sh OUT
# Needs GNU as, ld and objcopy alone; CROSS_COMPILE is a prefix to their names, s390x-linux-gnu- unless given.
# The bytes depend on the .S files and contract.h only: no build id, no time, no fill that the assembler may choose.
set -eu
[ $# -eq 1 ] || { echo 'usage: guest/s390x/build.sh OUT' >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
tools=${CROSS_COMPILE-s390x-linux-gnu-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

sed -nE 's/^#define (GUEST_[A-Z0-9_]+) ([0-9a-fx]+)$/.set \1, \2/p' "$here/../contract.h" >"$work/contract.inc"
"${tools}as" -m64 --fatal-warnings -I "$work" -I "$here" -o "$work/boot.o" "$here/boot.S"
"${tools}ld" -m elf64_s390 --build-id=none -Ttext=0 -e start -o "$work/boot.elf" "$work/boot.o"
"${tools}objcopy" -O binary -j .text "$work/boot.elf" "$work/boot.bin"
chmod 644 "$work/boot.bin"
cp "$work/boot.bin" "$1"
