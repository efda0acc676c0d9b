# shellcheck shell=bash
# What the crate promises those who depend on it: the oldest Rust that compiles it, and an interface that does not break.

# The features that are checked: all that need no burn, which takes minutes to compile.
CHEAP_FEATURES=raster,scene,import

rust_version_promised() {
  sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml
}

# The crate promises what its dependencies need, and no less; and its own code uses nothing newer.
check_rust_version() {
  local promised toolchain
  promised=$(rust_version_promised)
  node tools/rust-version.mjs "$promised"
  [[ $RUST_VERSION_NEEDED == "$promised" ]] || die "tools/setup.sh asks for Rust $RUST_VERSION_NEEDED, and Cargo.toml for $promised"
  if [[ $(rustc --version | cut -d ' ' -f 2) == "$promised".* ]]; then
    say "Rust $promised is the one in use: clippy compiles the crate with it"
    return
  fi
  toolchain=$promised.0
  if ! have rustup || ! timeout 300 rustup toolchain install "$toolchain" --profile minimal >"$CACHE/rustup.log" 2>&1; then
    say "LEFT OUT: rustup cannot fetch Rust $toolchain, so that nothing was compiled with it"
    return
  fi
  say "Checking the crate with Rust $toolchain"
  # In a folder of its own, or the compilers would take turns at building all anew.
  rustup run "$toolchain" cargo check --locked --lib --target-dir "$TARGET/rust-$toolchain" \
    --no-default-features --features "$CHEAP_FEATURES"
}

# A crate is what people download, with all that they do not need: the models, fixtures and page stay out of it.
ARCHIVE_LIMIT_BYTES=$((1 << 20))

check_archive() {
  local archive size strangers
  # With the packages that it is made of.
  cargo package --quiet --locked --no-verify --allow-dirty --no-metadata
  archive=$(ls -t "$TARGET"/package/tilelens-[0-9]*.crate | head -n 1)
  size=$(stat --format %s "$archive")
  strangers=$(tar --list --file "$archive" | grep -E '/(models|www|tests/fixtures|target|fuzz|package)/' || true)
  [[ -z $strangers ]] || die "the crate's archive has what nobody needs who depends on it: ${strangers//$'\n'/ }"
  ((size <= ARCHIVE_LIMIT_BYTES)) || die "the crate's archive has $size bytes, and $ARCHIVE_LIMIT_BYTES are the most: see include in Cargo.toml"
  say "The crate's archive has $size bytes"
}

# semver [REVISION]
semver() {
  local baseline=${1:-} tool=cargo-semver-checks
  setup_rust
  cargo semver-checks --version >/dev/null 2>&1 ||
    die "$tool is not installed: run cargo install $tool --locked, which takes some minutes, then run the command again"
  if [[ -z $baseline ]]; then
    baseline=$(git describe --tags --abbrev=0 2>/dev/null) ||
      die "there is no tag to compare with: name a revision, such as ./build.sh semver HEAD~20"
  fi
  say "Comparing the crate's interface with that of $baseline"
  # The version in Cargo.toml says what may change: with 0.x a new x may break, a new patch must not.
  cargo semver-checks --package tilelens --baseline-rev "$baseline" --only-explicit-features --features "$CHEAP_FEATURES"
  # What the crate gives on of its own.
  cargo semver-checks --package tilelens-kernels --baseline-rev "$baseline"
}
