# shellcheck shell=bash
# shellcheck disable=SC2034 # the other parts use these
# What every part of build.sh uses.

CACHE=${TILELENS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tilelens}
# Whatever is installed says there what it does.
mkdir -p "$CACHE"
TARGET=$(realpath --canonicalize-missing "${CARGO_TARGET_DIR:-target}")

say() {
  printf '%s\n' "== $*"
}

die() {
  printf '%s\n' "build.sh: $*" >&2
  exit 1
}

have() {
  command -v "$1" >/dev/null 2>&1
}

# version_at_least 1.96.0 1.95
version_at_least() {
  [[ $(printf '%s\n' "$1" "$2" | sort -V | head -n 1) == "$2" ]]
}

sha256() {
  sha256sum -- "$1" | cut -d ' ' -f 1
}

# Installs Debian packages, as root or through sudo.
apt_install() {
  local as_root=()
  have apt-get || die "these are missing: $*; install them with this system's package manager, then run the command again"
  if ((EUID != 0)); then
    { have sudo && sudo -n true 2>/dev/null; } ||
      die "these packages are missing: $*; run: sudo apt-get install $*"
    as_root=(sudo)
  fi
  say "Installing $*"
  {
    "${as_root[@]}" apt-get update -q &&
      "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@"
  } >"$CACHE/apt.log" 2>&1 ||
    die "apt-get could not install $*; see $CACHE/apt.log"
}
