#!/bin/bash
# Brings what the prebuilt addon of another processor is linked with: scripts/get-cross-libraries.sh DEBIAN_ARCH FOLDER
#
# Headers and static libraries (zlib, zstd, snappy) of Debian 12's packages for DEBIAN_ARCH (amd64, arm64), from the archive
# that this host's apt already uses; nothing is installed, no root is needed and no foreign architecture is added. They are
# unpacked into FOLDER/root; the only line on stdout is that path. Exit code: 0 done or was there already, 1 could not,
# 2 wrong usage. Left out: the cross compiler and its C library, which are packages of this host.
set -euo pipefail
export LC_ALL=C

fail() { echo "get-cross-libraries: $1" >&2; exit "${2:-1}"; }
say() { echo "get-cross-libraries: $1" >&2; }

[ $# = 2 ] && [[ $1 =~ ^(amd64|arm64)$ ]] && [ -n "$2" ] ||
  fail 'usage: scripts/get-cross-libraries.sh amd64|arm64 FOLDER' 2
architecture=$1
folder=$(realpath -m -- "$2")
[[ $folder != *[$' \t\n\'":%\\']* ]] ||
  fail "the path of FOLDER has a space, quote, colon, percent sign or backslash in it, which apt cannot take: $folder" 2
root=$folder/root
if [ -d "$root" ]; then
  echo "$root"
  exit 0
fi
for tool in apt-get dpkg-deb; do
  command -v "$tool" >/dev/null || fail "$tool is missing: this script needs Debian's package tools"
done
mkdir -p "$folder" || fail "cannot make the folder $folder"

suites=bookworm
packages=(zlib1g-dev libzstd-dev libsnappy-dev)
what="static libraries for $architecture"
lists=$folder/lists
archives=$folder/archives
etc=$folder/etc
# shellcheck source=scripts/debian-archive.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/debian-archive.sh"

# These packages alone, without what they need to be installed.
closure() { private_apt download --print-uris "${packages[@]}" | awk '{ print $2 }'; }

download() {
  files=$(closure) && [ -n "$files" ] || return 1
  say "downloading $what (${#packages[@]} packages)"
  (cd "$archives" && private_apt download "${packages[@]}" >&2)
}

rm -rf "$root.new"
write_apt_config
fetch
mkdir "$root.new"
for file in $files; do
  dpkg-deb -x "$archives/$file" "$root.new" || fail "could not unpack $file"
done
rm -rf "$lists" "$archives" "$etc"
mv "$root.new" "$root"
echo "$root"
