# What the scripts that bring Debian packages share; they source it. It asks the archive that this host's apt already
# uses, with apt's signature checks on and apt state of our own, so that neither the host's package lists nor its
# packages change, and no root is needed.
# shellcheck shell=bash
#
# A script sets: suites (such as 'bookworm bookworm-backports'), packages (an array), what (for messages), etc, lists and
# archives (folders of ours); optionally preferences (apt's, for packages that are in several suites) and
# architecture (Debian's name, where it is not this host's). It has the
# functions say and fail. After fetch, the variable files has the names of the packages' files in $archives, one a line.

# apt with the host's network settings but sources, lists, cache and installed-package state of ours.
private_apt() {
  apt-get -c "$etc/apt.conf" -qq "$@"
}

write_apt_config() {
  mkdir -p "$lists/partial" "$archives/partial" "$etc/empty"
  : >"$etc/status"
  # The hooks are cleared because the host's own clean-ups must not run for us.
  cat >"$etc/apt.conf" <<CONF
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Pre-Invoke;
#clear DPkg::Post-Invoke;
#clear DPkg::Pre-Install-Pkgs;
Dir::Etc::SourceList "$etc/sources.list";
Dir::Etc::SourceParts "$etc/empty";
Dir::Etc::Preferences "$etc/preferences";
Dir::Etc::PreferencesParts "$etc/empty";
Dir::State "$etc";
Dir::State::status "$etc/status";
Dir::State::lists "$lists";
Dir::Cache "$etc";
Dir::Cache::archives "$archives";
APT::Sandbox::User "root";
${architecture:+APT::Architecture "$architecture"; APT::Architectures "$architecture";}
APT::Install-Recommends "false";
APT::Update::Error-Mode "any";
Acquire::Languages "none";
Acquire::Retries "3";
CONF
  local mirror keyring option='' suite
  mirror=$(host_mirror)
  # Without the usual keyring, apt falls back to whatever keys the host trusts.
  for keyring in /usr/share/keyrings/debian-archive-keyring.{pgp,gpg}; do
    if [ -r "$keyring" ]; then option="[signed-by=$keyring] "; fi
  done
  for suite in $suites; do
    echo "deb $option$mirror $suite main"
  done >"$etc/sources.list"
  echo "${preferences-}" >"$etc/preferences"
}

# The archive of the host's own sources, in whichever format they are written: apt is asked what it
# would fetch. Empty lists of ours, so that the host's are neither read nor locked.
host_mirror() {
  local releases='oldstable|stable|testing|unstable|bookworm|trixie|forky|sid'
  local uris mirror
  mkdir -p "$etc/none/partial"
  uris=$(apt-get -o Dir::State::lists="$etc/none" update --print-uris) ||
    fail 'apt-get cannot read the package sources of this host'
  mirror=$(sed -nE "s#^'(.+)/dists/($releases)/InRelease'.*#\\1#p" <<<"$uris" | head -n 1)
  [ -n "$mirror" ] || fail 'the package sources of this host name no Debian archive (a suite such as bookworm or trixie)'
  echo "$mirror"
}

update_lists() {
  say "reading the package lists of $suites"
  local log=$etc/update.log
  if ! private_apt update >"$log" 2>&1; then
    cat "$log" >&2
    if grep -q NO_PUBKEY "$log"; then
      fail "this host lacks the keys of Debian's newer releases. As root: apt-get update && apt-get install debian-archive-keyring"
    fi
    fail 'could not download the package lists'
  fi
}

# File names of the whole closure, as apt stores them. Asked with an empty archive folder,
# since apt names only what is not there yet.
closure() {
  private_apt install --print-uris -y -o Dir::Cache::archives="$etc/none" "${packages[@]}" | awk '{ print $2 }'
}

download() {
  mkdir -p "$etc/none/partial"
  files=$(closure) && [ -n "$files" ] || return 1
  say "downloading $what ($(wc -l <<<"$files") packages, those cached excepted)"
  private_apt install --download-only -y "${packages[@]}" >&2 || return 1
}

# Lists age: a package they name may have been replaced in the archive. Then read them again, once.
fetch() {
  if compgen -G "$lists/*_Packages*" >/dev/null; then
    if download; then return; fi
  fi
  update_lists
  download || fail "could not download $what; nothing was unpacked"
}
