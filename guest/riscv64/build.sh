#!/bin/sh
# Builds the riscv64 guest image: guest/riscv64/build.sh OUT
# Needs GNU as, ld and objcopy for riscv64 alone; CROSS_COMPILE is a prefix to their names, riscv64-linux-gnu- unless given.
# The bytes depend on boot.S, writer.S and contract.h only: no build id, no time, no fill that the assembler may choose.
set -eu
[ $# -eq 1 ] || { echo 'usage: guest/riscv64/build.sh OUT' >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
tools=${CROSS_COMPILE-riscv64-linux-gnu-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

sed -nE 's/^#define (GUEST_[A-Z0-9_]+) ([0-9a-fx]+)$/.set \1, \2/p' "$here/../contract.h" >"$work/contract.inc"
"${tools}as" -march=rv64im_zicsr -mabi=lp64 --fatal-warnings -I "$work" -I "$here" -o "$work/boot.o" "$here/boot.S"
"${tools}ld" -m elf64lriscv --build-id=none -Ttext=0x80000000 -e 0x80000000 -o "$work/boot.elf" "$work/boot.o"
"${tools}objcopy" -O binary -j .text "$work/boot.elf" "$work/boot.bin"
chmod 644 "$work/boot.bin"
cp "$work/boot.bin" "$1"
