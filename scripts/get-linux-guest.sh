#!/bin/bash
# Makes the Linux guest that migration tests run: scripts/get-linux-guest.sh [--check] [FOLDER]
#
# Kernel, modules and busybox are those of Debian 12's packages (linux-image-cloud-amd64, busybox-static), from the archive
# that this host's apt already uses; nothing is installed, and no root is needed. The rest is ours: guest/linux/init, and
# the C sources in guest/linux, which are compiled here. The result is FOLDER/x86_64/vmlinuz and FOLDER/x86_64/initramfs.gz.
#
# The only line on stdout is the folder with both files. FOLDER is .linux-guest in the repository when not given.
# Exit code: 0 done or was there already, 1 could not, 2 wrong usage. With --check nothing is made: 0 when the guest is
# there and made of these sources, 1 when not.
# Left out: other architectures than x86_64, updates of the packages (remove FOLDER first).
set -euo pipefail
export LC_ALL=C

fail() { echo "get-linux-guest: $1" >&2; exit "${2:-1}"; }
say() { echo "get-linux-guest: $1" >&2; }

usage='usage: scripts/get-linux-guest.sh [--check] [FOLDER]'
check_only=
if [ "${1-}" = --check ]; then
  check_only=yes
  shift
fi
[ $# -le 1 ] && [[ ${1-} != -* ]] || fail "$usage" 2
[ -n "${1-default}" ] || fail "FOLDER is empty. $usage" 2
scripts=$(realpath -- "$(dirname -- "${BASH_SOURCE[0]}")")
sources=$scripts/../guest/linux
folder=$(realpath -m -- "${1-$scripts/../.linux-guest}")
[[ $folder != *[$' \t\n\'":%\\']* ]] ||
  fail "the path of FOLDER has a space, quote, colon, percent sign or backslash in it, which apt cannot take: $folder" 2
result=$folder/x86_64

# Modules in the order in which they are loaded: each after those that it needs.
modules=(
  virtio virtio_ring virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci
  virtio_blk scsi_common scsi_mod sd_mod virtio_scsi vmw_pvscsi
  failover net_failover virtio_net vmxnet3
  virtio-rng virtio_balloon virtio_console virtio_input
)

# What the result is made of: another one of these, and it is made again.
made_of() { cat "$sources"/* "$scripts/get-linux-guest.sh" | sha256sum; }
complete() {
  [ -s "$result/vmlinuz" ] && [ -s "$result/initramfs.gz" ] && [ -r "$result/made-of" ] &&
    [ "$(<"$result/made-of")" = "$(made_of)" ]
}
if complete; then
  echo "$result"
  exit 0
fi
[ -z "$check_only" ] || exit 1

[ "$(uname -m)" = x86_64 ] || fail "the guest is made for x86_64, on an x86_64 host only; this is $(uname -m)"
for tool in apt-get apt-cache dpkg-deb flock gcc gzip; do
  command -v "$tool" >/dev/null || fail "$tool is missing: as root, apt-get install apt dpkg util-linux gcc libc6-dev gzip"
done
mkdir -p "$folder" || fail "cannot make the folder $folder"
exec 9>"$folder/.lock" || fail "cannot write in $folder"
if ! flock -n 9; then
  say 'waiting for another get-linux-guest.sh to finish'
  flock -w 1800 9 || fail "another get-linux-guest.sh has held $folder/.lock for half an hour"
fi

suites=bookworm
what='the Linux guest'
lists=$folder/cache/lists
archives=$folder/cache/archives
etc=$folder/cache/etc
work=

cleanup() { if [ -n "$work" ]; then rm -rf "$work"; fi; }
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
# shellcheck source=scripts/debian-archive.sh
. "$scripts/debian-archive.sh"

# These packages alone, without what they need to be installed. The first one only names the kernel's.
closure() {
  local kernel
  kernel=$(apt-cache -c "$etc/apt.conf" show linux-image-cloud-amd64 |
    sed -n 's/^Depends: \(linux-image-[^ ,]*\).*/\1/p' | head -n 1)
  [ -n "$kernel" ] || return 1
  packages=("$kernel" busybox-static)
  files=$(cd "$etc/none" && private_apt download --print-uris "${packages[@]}" | awk '{ print $2 }')
  [ "$(wc -l <<<"$files")" = 2 ]
}

download() {
  mkdir -p "$etc/none"
  closure || return 1
  say "downloading ${packages[*]}"
  (cd "$archives" && private_apt download "${packages[@]}" >&2) || return 1
}

make_initramfs() {
  local module file root=$work/root
  mkdir -p "$root/bin" "$root/lib"
  cp "$work/packages/bin/busybox" "$root/bin/busybox"
  install -m 755 "$sources/init" "$root/init"
  gcc -O2 -static -s -D_GNU_SOURCE -Wall -Wextra -o "$root/busy" "$sources"/*.c ||
    fail 'guest/linux does not compile: gcc and the static C library are needed (libc6-dev)'
  for module in "${modules[@]}"; do
    file=$(find "$work/packages/lib/modules" -name "$module.ko" -print -quit)
    [ -n "$file" ] || fail "the kernel's package has no module $module"
    cp "$file" "$root/lib/"
    echo "$module.ko" >>"$root/modules"
  done
  (cd "$root" && find . | sort | "$work/packages/bin/busybox" cpio -o -H newc -R 0:0) 2>"$work/cpio.log" |
    gzip -9n >"$work/x86_64/initramfs.gz" || fail "the initramfs could not be packed: $(<"$work/cpio.log")"
}

# Another call may have finished while we waited for the lock.
if complete; then
  echo "$result"
  exit 0
fi
rm -rf "$folder"/tmp.*
work=$(mktemp -d "$folder/tmp.XXXXXX")
write_apt_config
fetch
say 'unpacking'
mkdir "$work/packages" "$work/x86_64"
for file in $files; do
  dpkg-deb -x "$archives/$file" "$work/packages" || fail "could not unpack $file"
done
kernels=("$work"/packages/boot/vmlinuz-*)
[ -e "${kernels[0]}" ] || fail "the kernel's package has no kernel: $files"
cp "${kernels[0]}" "$work/x86_64/vmlinuz"
make_initramfs
made_of >"$work/x86_64/made-of"
rm -rf "$result"
mv -T "$work/x86_64" "$result" || fail "could not put the guest at $result"
say "the Linux guest is ready ($(basename "${kernels[0]}"))"
echo "$result"
