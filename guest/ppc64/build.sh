#!/bin/sh
# Builds the ppc64 guest image: guest/ppc64/build.sh OUT
# Needs GNU as, ld and objcopy alone; CROSS_COMPILE is a prefix to their names, powerpc64-linux-gnu- unless given.
# The bytes depend on the .S files and contract.h only: no build id, no time, no fill that the assembler may choose.
set -eu
[ $# -eq 1 ] || { echo 'usage: guest/ppc64/build.sh OUT' >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
tools=${CROSS_COMPILE-powerpc64-linux-gnu-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

sed -nE 's/^#define (GUEST_[A-Z0-9_]+) ([0-9a-fx]+)$/.set \1, \2/p' "$here/../contract.h" >"$work/contract.inc"
"${tools}as" -a64 -mbig -mregnames --fatal-warnings -I "$work" -I "$here" -o "$work/boot.o" "$here/boot.S"
"${tools}ld" -m elf64ppc --build-id=none -Ttext=0 -e reset -o "$work/boot.elf" "$work/boot.o"
"${tools}objcopy" -O binary -j .text "$work/boot.elf" "$work/boot.bin"
chmod 644 "$work/boot.bin"
cp "$work/boot.bin" "$1"
