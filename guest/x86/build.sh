#!/bin/sh
# Builds the x86 guest image: guest/x86/build.sh OUT
# Needs GNU as, ld and objcopy alone; CROSS_COMPILE is a prefix to their names, such as x86_64-linux-gnu-.
# The bytes depend on boot.S, the .inc files beside it and contract.h only: no build id, no time, no fill that the assembler may choose.
set -eu
[ $# -eq 1 ] || { echo 'usage: guest/x86/build.sh OUT' >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
tools=${CROSS_COMPILE:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

sed -nE 's/^#define (GUEST_[A-Z0-9_]+) ([0-9a-fx]+)$/.set \1, \2/p' "$here/../contract.h" >"$work/contract.inc"
"${tools}as" --64 --fatal-warnings -I "$work" -I "$here" -o "$work/boot.o" "$here/boot.S"
"${tools}ld" -m elf_x86_64 --build-id=none -Ttext=0xffff0000 -e reset -o "$work/boot.elf" "$work/boot.o"
"${tools}objcopy" -O binary -j .text "$work/boot.elf" "$work/boot.bin"
chmod 644 "$work/boot.bin"
cp "$work/boot.bin" "$1"
