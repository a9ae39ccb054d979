#!/bin/sh
# Builds the guest image of one architecture: guest/build.sh x86|aarch64|riscv64|s390x|ppc64|loongarch64 OUT
# Needs GNU as, ld and objcopy for it; CROSS_COMPILE is a prefix to their names (default: Debian's, none for x86).
# For loongarch64, of which Debian 12 has no binutils: llvm-mc and llvm-objcopy, LLVM_SUFFIX behind their names (default: -19).
# The bytes depend on ARCH's .S and .inc files and contract.h only: no build id, no time, no fill that the assembler may choose.
set -eu
prefix='' as='' ld='' text=0 entry=0
case ${1-} in
  x86) as=--64 ld=elf_x86_64 text=0xffff0000 entry=reset ;;
  aarch64) prefix=aarch64-linux-gnu- ld=aarch64linux ;;
  riscv64) prefix=riscv64-linux-gnu- as='-march=rv64im_zicsr -mabi=lp64' ld=elf64lriscv text=0x80000000 entry=0x80000000 ;;
  s390x) prefix=s390x-linux-gnu- as=-m64 ld=elf64_s390 entry=start ;;
  ppc64) prefix=powerpc64-linux-gnu- as='-a64 -mbig -mregnames' ld=elf64ppc entry=reset ;;
  loongarch64) as=--triple=loongarch64-linux-gnusf ld=none ;;
esac
[ $# -eq 2 ] && [ -n "$ld" ] || { echo 'usage: guest/build.sh x86|aarch64|riscv64|s390x|ppc64|loongarch64 OUT' >&2; exit 2; }
guest=$(cd "$(dirname "$0")" && pwd)
tools=${CROSS_COMPILE-$prefix}
llvm=${LLVM_SUFFIX--19}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

sed -nE 's/^#define (GUEST_[A-Z0-9_]+) ([0-9a-fx]+)$/.set \1, \2/p' "$guest/contract.h" >"$work/contract.inc"
if [ "$1" = loongarch64 ]; then
  # The source refers to no address but its own, so there is nothing to link.
  # shellcheck disable=SC2086 # several words
  "llvm-mc$llvm" $as --filetype=obj --fatal-warnings -I "$work" -I "$guest/$1" -o "$work/boot.elf" "$guest/$1/boot.S"
  "llvm-objcopy$llvm" -O binary -j .text "$work/boot.elf" "$work/boot.bin"
else
  # shellcheck disable=SC2086 # several words
  "${tools}as" $as --fatal-warnings -I "$work" -I "$guest/$1" -o "$work/boot.o" "$guest/$1/boot.S"
  "${tools}ld" -m "$ld" --build-id=none "-Ttext=$text" -e "$entry" -o "$work/boot.elf" "$work/boot.o"
  "${tools}objcopy" -O binary -j .text "$work/boot.elf" "$work/boot.bin"
fi
chmod 644 "$work/boot.bin"
cp "$work/boot.bin" "$2"
