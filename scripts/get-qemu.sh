#!/bin/bash
# Brings one QEMU version beside the system's own: scripts/get-qemu.sh [--check] [--all] 7.2|10.0|11.1 [FOLDER]
#
# The packages and every library they need come from the Debian archive that this host's apt
# already uses, with apt's signature checks on and apt state of our own, so that neither the
# host's package lists nor its packages change, and no root is needed. They are unpacked into
# FOLDER/VERSION/root and started by their own loader, since the host's C library may be older.
#
# The only line on stdout is the path of the wrapper, FOLDER/VERSION/bin/qemu-system-x86_64
# (those of the other architectures lie beside it). FOLDER is .qemu in the repository when not given.
# A tree that lacks an architecture, as older versions of this script left it, is replaced by a whole one.
# Exit code: 0 done or was there already, 1 could not, 2 wrong usage. With --check nothing is brought: 0 when
# all is there, 1 when something is missing.
# With --all it brings every target that Debian builds, not only those that Drover has a guest for.
# Left out: graphical modules, updates (remove FOLDER/VERSION first), all but x86 for 7.2 without --all.
set -euo pipefail
export LC_ALL=C

fail() { echo "get-qemu: $1" >&2; exit "${2:-1}"; }
say() { echo "get-qemu: $1" >&2; }

usage='usage: scripts/get-qemu.sh [--check] [--all] 7.2|10.0|11.1 [FOLDER]'
check_only='' all=''
while :; do
  case "${1-}" in
    --check) check_only=yes ;;
    --all) all=yes ;;
    *) break ;;
  esac
  shift
done
[ $# -ge 1 ] && [ $# -le 2 ] || fail "$usage" 2
version=$1
targets=(x86_64 i386 aarch64 riscv64 s390x ppc64 loongarch64)
packages=(qemu-system-x86 qemu-system-arm qemu-system-riscv qemu-system-s390x qemu-system-ppc qemu-system-misc)
case $version in
  7.2) suites='bookworm' targets=(x86_64 i386) packages=(qemu-system-x86) ;;
  10.0) suites='bookworm bookworm-backports' ;;
  11.1) suites='trixie trixie-backports' ;;
  *) fail "no such version: $version. $usage" 2 ;;
esac
if [ -n "$all" ]; then
  # What no Debian release has lost or gained is named once.
  targets=(x86_64 i386 aarch64 riscv64 s390x ppc64 alpha arm avr hppa loongarch64 m68k microblaze mips mips64
    mips64el mipsel or1k ppc riscv32 rx sh4 sh4eb sparc sparc64 tricore xtensa xtensaeb)
  packages=(qemu-system-x86 qemu-system-arm qemu-system-ppc qemu-system-mips qemu-system-sparc qemu-system-misc)
  case $version in
    7.2) targets+=(microblazeel cris nios2) ;;
    10.0) targets+=(microblazeel) packages+=(qemu-system-riscv qemu-system-s390x) ;;
    11.1) targets+=(hexagon) packages+=(qemu-system-riscv qemu-system-s390x) ;;
  esac
fi
packages+=(qemu-system-common qemu-system-data seabios ipxe-qemu)
[ -n "${2-default}" ] || fail "FOLDER is empty. $usage" 2
folder=$(realpath -m -- "${2-${BASH_SOURCE[0]%/*}/../.qemu}")
[[ $folder != *[$' \t\n\'":%\\']* ]] ||
  fail "the path of FOLDER has a space, quote, colon, percent sign or backslash in it, which apt or the loader cannot take: $folder" 2
[ -d "$folder" ] || [ -z "$check_only" ] || exit 1
mkdir -p "$folder" || fail "cannot make the folder $folder"
root=$folder/$version/root
wrapper=$folder/$version/bin/qemu-system-x86_64

# Done before for all targets, and not moved since: the wrappers hold absolute paths.
complete() {
  local target file
  for target in "${targets[@]}"; do
    file=$folder/$version/bin/qemu-system-$target
    if ! [ -x "$file" ] || [[ $(<"$file") != *"$root/"* ]]; then return 1; fi
  done
}
if complete; then
  echo "$wrapper"
  exit 0
fi
[ -z "$check_only" ] || exit 1

for tool in apt-get dpkg-deb tar flock; do
  command -v "$tool" >/dev/null || fail "$tool is missing: this script needs Debian's package tools"
done
# Children inherit the lock, so that one that outlives a killed script keeps the next call out.
exec 9>"$folder/.lock" || fail "cannot write in $folder"
if ! flock -n 9; then
  say 'waiting for another get-qemu.sh to finish'
  flock -w 1800 9 || fail "another get-qemu.sh has held $folder/.lock for half an hour"
fi

what="QEMU $version and its libraries"
# Only QEMU and its firmware come from backports; libraries stay with the stable release.
preferences="Package: qemu-system-* seabios ipxe-qemu opensbi
Pin: release n=${suites##* }
Pin-Priority: 990"
lists=$folder/cache/lists-$version
archives=$folder/cache/archives
etc=$folder/cache/etc-$version
work=

cleanup() { if [ -n "$work" ]; then rm -rf "$work"; fi; }
# shellcheck source=scripts/debian-archive.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/debian-archive.sh"
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

unpack() {
  # Debian 12 still ships files under /lib: one tree for both layouts.
  local name file
  for name in lib lib64 bin; do
    mkdir -p "$work/root/usr/$name"
    ln -s "usr/$name" "$work/root/$name"
  done
  mkdir "$work/bin"
  for file in $files; do
    dpkg-deb --fsys-tarfile "$archives/$file" |
      tar -x -C "$work/root" --keep-directory-symlink --no-same-owner --exclude='./usr/share/doc' \
        --exclude='./usr/share/man' --exclude='./usr/share/locale' --exclude='./usr/lib/*/gconv' \
        --exclude='./sbin' --exclude='./usr/sbin' --exclude='./etc' --exclude='./var' ||
      fail "could not unpack $file"
  done
  # a package brings more targets than are wanted
  for file in "$work"/root/usr/bin/qemu-system-*; do
    [[ " ${targets[*]} " == *" ${file##*/qemu-system-} "* ]] || rm "$file"
  done
}

# Sets libs and loader for the tree in $1.
find_loader() {
  local found=("$1"/usr/lib/*/libc.so.6)
  [ -e "${found[0]}" ] || fail "no C library in $1"
  libs=${found[0]%/libc.so.6}
  found=("$libs"/ld-linux*.so.*)
  [ -e "${found[0]}" ] || fail "no loader in $libs"
  loader=${found[0]}
}

# The emulator of $2 (a target) within the tree $1. Debian 12's 7.2 has a script in the place of i386's,
# which would start the host's.
emulator() {
  local path=usr/libexec/qemu-system-$2
  [ -x "$1/$path" ] || path=usr/bin/qemu-system-$2
  echo "$path"
}

# $1: where the tree is now, $2: where it will be. The loader is started through a hard link that has the
# emulator's name, since that is what ps, pgrep and /proc/PID/exe show. QEMU looks for a folder qemu-bundle
# beside its executable and takes it for the root of its installation: so it never loads the host's modules.
write_wrappers() {
  local target here=$2 program
  find_loader "$1"
  local final_libs=$here${libs#"$1"}
  mkdir -p "$1/start/qemu-bundle"
  ln -sfn ../../usr "$1/start/qemu-bundle/usr"
  for target in "${targets[@]}"; do
    local name=qemu-system-$target
    program=$(emulator "$1" "$target")
    ln -fL "$loader" "$1/start/$name"
    cat >"$1/../bin/$name.new" <<WRAPPER
#!/bin/sh
QEMU_MODULE_DIR='$final_libs/qemu' exec '$here/start/$name' --argv0 "\$0" --library-path '$final_libs:$final_libs/pulseaudio' '$here/$program' -L '$here/usr/share/seabios' -L '$here/usr/lib/ipxe/qemu' -L '$here/usr/share/qemu' "\$@"
WRAPPER
    chmod 755 "$1/../bin/$name.new"
    mv "$1/../bin/$name.new" "$1/../bin/$name"
  done
}

# The tree must be whole and of the version: no library may be missing or come from the host.
check_tree() {
  find_loader "$work/root"
  local target program needed strangers first
  for target in "${targets[@]}"; do
    program=$(emulator "$work/root" "$target")
    needed=$("$loader" --library-path "$libs" --list "$work/root/$program") ||
      fail "the loader cannot start the unpacked qemu-system-$target"
    strangers=$(grep -vF -e "$work/root" -e linux-vdso <<<"$needed" || true)
    [ -z "$strangers" ] || fail "libraries of qemu-system-$target are missing: $strangers"
  done
  first=$("$loader" --library-path "$libs" "$work/root/usr/bin/qemu-system-x86_64" --version | head -n 1) ||
    fail "the unpacked QEMU does not start"
  [[ $first == *"version $version."* ]] ||
    fail "the archive no longer offers QEMU $version; it has: $first"
}

# Whether the tree $1 has the emulators of all targets.
whole() {
  local target
  for target in "${targets[@]}"; do
    [ -x "$1/$(emulator "$1" "$target")" ] || return 1
  done
}

# Another call may have finished while we waited for the lock, or the folder was moved.
if [ -d "$root" ] && whole "$root"; then
  write_wrappers "$root" "$root"
  echo "$wrapper"
  exit 0
fi
rm -rf "$folder/$version".tmp.*
work=$(mktemp -d "$folder/$version.tmp.XXXXXX")
chmod 755 "$work"
write_apt_config
fetch
say 'unpacking'
unpack
whole "$work/root" || fail "the archive's packages lack an emulator: ${targets[*]} are expected"
check_tree
write_wrappers "$work/root" "$root"
# All of a tree comes from one day's archive, so an older one is replaced and not added to. It is emptied
# last, since QEMUs may run from it.
if [ -e "$folder/$version" ]; then
  mv -T "$folder/$version" "$work.old" || fail "could not move the older tree $folder/$version away"
fi
mv -T "$work" "$folder/$version" || fail "could not put the unpacked tree at $folder/$version"
rm -rf "$work.old"
say "QEMU $version is ready"
echo "$wrapper"
