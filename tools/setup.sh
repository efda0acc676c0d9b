# shellcheck shell=bash
# shellcheck disable=SC2034 # the other parts use these
# Compilers, tools and packages. Each step looks first and does nothing where all is there.

RUST_VERSION_NEEDED=1.95
NODE_VERSION_NEEDED=20
PYTHON_VERSION_NEEDED=3.11
GECKODRIVER_VERSION=0.37.1
CARGO_DENY_VERSION=0.20.2
CARGO_ABOUT_VERSION=0.9.3
WASM_TARGET=wasm32-unknown-unknown
WASI_TARGET=wasm32-wasip1
DEBIAN_RUST_PACKAGES=(rustc-web cargo-web rust-web-src)

# The folder of a compiler with the wasm target, where rustup's has none; else empty.
WASM_TOOLCHAIN=

setup() {
  setup_rust
  setup_wasm_target
  setup_wasm_tools
  setup_node
}

setup_rust() {
  local version
  have cc || apt_install gcc libc6-dev
  have cargo || die "Rust is missing: install it with rustup (https://rustup.rs), then run the command again"
  version=$(cargo --version | cut -d ' ' -f 2)
  version_at_least "$version" "$RUST_VERSION_NEEDED" ||
    die "Rust $RUST_VERSION_NEEDED or newer is needed, this is $version: run rustup update stable"
}

# setup_rust_component COMMAND COMPONENT: of the compiler, where its packager left it out.
setup_rust_component() {
  setup_rust
  cargo "$1" --version >/dev/null 2>&1 && return
  have rustup || die "cargo $1 is missing: install this system's package of $2"
  say "Adding $2"
  rustup component add "$2" >"$CACHE/rustup.log" 2>&1 || die "rustup could not add $2; see $CACHE/rustup.log"
}

setup_wasm_target() {
  local debian_version=
  if have rustup && rustup target list --installed 2>/dev/null | grep -qx "$WASM_TARGET"; then
    return
  fi
  if debian_rust_is_installed; then
    debian_version=$(/usr/bin/rustc --version | cut -d ' ' -f 2)
  fi
  if [[ -n $debian_version && -d $CACHE/wasm-toolchain-$debian_version ]]; then
    WASM_TOOLCHAIN=$CACHE/wasm-toolchain-$debian_version
    return
  fi
  have rustup || die "the target $WASM_TARGET is missing and rustup, which adds it, too: install rustup (https://rustup.rs)"
  say "Adding the target $WASM_TARGET"
  if timeout 60 rustup target add "$WASM_TARGET" >"$CACHE/rustup.log" 2>&1; then
    return
  fi
  say "rustup cannot fetch it: building the standard library from Debian's sources instead"
  debian_rust_is_installed || apt_install "${DEBIAN_RUST_PACKAGES[@]}"
  debian_version=$(/usr/bin/rustc --version | cut -d ' ' -f 2)
  WASM_TOOLCHAIN=$CACHE/wasm-toolchain-$debian_version
  [[ -d $WASM_TOOLCHAIN ]] || build_wasm_toolchain "$WASM_TOOLCHAIN"
}

# Fails where there is no way to the target of the importer.
setup_wasi_target() {
  have rustup || return 1
  rustup target list --installed 2>/dev/null | grep -qx "$WASI_TARGET" && return
  say "Adding the target $WASI_TARGET"
  timeout 60 rustup target add "$WASI_TARGET" >"$CACHE/rustup.log" 2>&1
}

debian_rust_is_installed() {
  have dpkg-query && dpkg-query --show "${DEBIAN_RUST_PACKAGES[@]}" >/dev/null 2>&1 && [[ -x /usr/bin/rustc ]]
}

# Lays out a folder that rustc takes for its own installation: Debian's compiler and host libraries by
# link, the wasm standard library built here, and rustup's linker.
build_wasm_toolchain() {
  local toolchain=$1 partial=$1.partial work=$CACHE/build/std
  local host linker
  host=$(rustc --version --verbose | sed -n 's/^host: //p')
  linker=$(rustc --print sysroot)/lib/rustlib/$host/bin/rust-lld
  [[ -x $linker ]] || die "rustup's toolchain has no rust-lld: run rustup toolchain install stable"

  rm -rf "$partial"
  mkdir -p "$work/empty/src" "$partial/bin" "$partial/lib/rustlib/$host/bin" "$partial/lib/rustlib/$WASM_TARGET/lib"
  cat >"$work/empty/Cargo.toml" <<'TOML'
[package]
name = "empty"
version = "0.0.0"
edition = "2021"

[profile.release]
opt-level = 3
codegen-units = 1
panic = "abort"

[workspace]
TOML
  printf '#![no_std]\n' >"$work/empty/src/lib.rs"
  (
    cd "$work/empty"
    # Building std is an unstable option; the variable lets a stable compiler accept it.
    env -u RUSTFLAGS RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc RUSTFLAGS=-Cembed-bitcode=yes CARGO_TARGET_DIR="$work" \
      /usr/bin/cargo build --quiet --release --target "$WASM_TARGET" \
      -Z build-std=core,alloc,std,panic_abort,panic_unwind,proc_macro,test
  ) >"$CACHE/wasm-toolchain.log" 2>&1 ||
    die "the wasm standard library did not build; see $CACHE/wasm-toolchain.log"

  find "$work/$WASM_TARGET/release" -path '*deps*' -name '*.rlib' ! -name 'libempty*' ! -name 'libdummy*' \
    -exec cp {} "$partial/lib/rustlib/$WASM_TARGET/lib/" \;
  ln -s "/usr/lib/rustlib/$host/lib" "$partial/lib/rustlib/$host/lib"
  ln -s /usr/lib/rustlib/src "$partial/lib/rustlib/src"
  # A link, because the linker looks for its libraries beside the file that it really is.
  ln -s "$linker" "$partial/lib/rustlib/$host/bin/rust-lld"
  ln -s /usr/bin/cargo "$partial/bin/cargo"
  printf '#!/bin/sh\nexec /usr/bin/rustc --sysroot "%s" "$@"\n' "$toolchain" >"$partial/bin/rustc"
  chmod +x "$partial/bin/rustc"
  mv "$partial" "$toolchain"
  rm -rf "$work"
}

# The version of wasm-bindgen that the crate is linked with: its command line must be the same.
wasm_bindgen_version() {
  awk '$0 == "name = \"wasm-bindgen\"" { getline; gsub(/[^0-9.]/, ""); print; exit }' Cargo.lock
}

setup_wasm_tools() {
  WASM_BINDGEN_VERSION=$(wasm_bindgen_version)
  [[ -n $WASM_BINDGEN_VERSION ]] || die "Cargo.lock names no wasm-bindgen: restore it with git checkout Cargo.lock"
  cargo_tool wasm-bindgen-cli "$WASM_BINDGEN_VERSION" wasm-bindgen
}

cargo_tool_folder() {
  printf '%s' "$CACHE/$1-$2"
}

# cargo_tool CRATE VERSION PROGRAM [OPTION…]: installs it from the registry, whose index has the digest of each crate.
cargo_tool() {
  local folder
  folder=$(cargo_tool_folder "$1" "$2")
  [[ -x $folder/bin/$3 ]] && return
  say "Installing $1 $2 (some minutes, once)"
  # Not --locked unless the caller says so: a lock file may name a release that was withdrawn since.
  # Nobody debugs them.
  CARGO_PROFILE_DEV_DEBUG=0 CARGO_TARGET_DIR=$CACHE/build/tools cargo install --quiet --debug --root "$folder" --version "$2" "${@:4}" "$1" \
    >"$CACHE/$1.log" 2>&1 || die "cargo could not install $1 $2; see $CACHE/$1.log"
}

setup_node() {
  local version
  if ! have node || ! have npm; then
    apt_install nodejs npm
  fi
  version=$(node --version)
  version_at_least "${version#v}" "$NODE_VERSION_NEEDED" ||
    die "Node.js $NODE_VERSION_NEEDED or newer is needed, this is $version: install it from https://nodejs.org"
  if [[ ! -f node_modules/.package-lock.json || package-lock.json -nt node_modules/.package-lock.json ]]; then
    # npm ci would empty the folder that a link leads to, which others may be using.
    [[ ! -L node_modules ]] || die "node_modules is a link: install in $(realpath node_modules), or remove the link"
    say "Installing the npm packages"
    npm ci --ignore-scripts --no-audit --no-fund >"$CACHE/npm.log" 2>&1 ||
      die "npm could not install the packages; see $CACHE/npm.log"
    touch node_modules/.package-lock.json
  fi
}

# setup_python [REQUIREMENTS]: a Python with these packages, else with those of the examples and tests, in a folder of its own, anew
# when the pinned versions change.
setup_python() {
  local requirements=${1:-tests/requirements.txt} version digest environment
  if ! have python3 || ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
    apt_install python3 python3-venv
  fi
  version=$(python3 -c 'import platform; print(platform.python_version())')
  version_at_least "$version" "$PYTHON_VERSION_NEEDED" ||
    die "Python $PYTHON_VERSION_NEEDED or newer is needed, this is $version: install it from https://www.python.org"
  digest=$(cat "$requirements" examples/ray/requirements.txt | sha256 -)
  environment=$CACHE/python-$version-${digest:0:16}
  # Its programs know the folder by name: it cannot be moved when it is whole, so that a file says so.
  if [[ ! -f $environment/complete ]]; then
    say "Installing the Python packages of $requirements"
    {
      python3 -m venv --clear "$environment" &&
        "$environment/bin/python" -m pip install --disable-pip-version-check --requirement "$requirements" &&
        touch "$environment/complete"
    } >"$CACHE/python.log" 2>&1 || die "pip could not install the packages; see $CACHE/python.log"
  fi
  PYTHON=$environment/bin/python
  export PYTHON
}

# Runs a command with the compiler that has the wasm target.
with_wasm() {
  local path tools
  tools=$(cargo_tool_folder wasm-bindgen-cli "$WASM_BINDGEN_VERSION")/bin
  path=$tools:$PATH
  # RUSTFLAGS would replace the flags of .cargo/config.toml.
  if [[ -n $WASM_TOOLCHAIN ]]; then
    env -u RUSTFLAGS RUSTC="$WASM_TOOLCHAIN/bin/rustc" PATH="$WASM_TOOLCHAIN/bin:$path" "$@"
  else
    env -u RUSTFLAGS PATH="$path" "$@"
  fi
}
