# shellcheck shell=bash
# NOTICE: the licences of all that the page ships.

notice() {
  setup_notice
  say "Collecting licences"
  write_notice NOTICE
}

setup_notice() {
  local options=(--locked --features cli) crate
  # What compares texts with licences; the rest may be as slow as a debug build is.
  for crate in spdx regex-automata aho-corasick memchr unicode-normalization twox-hash; do
    options+=(--config "profile.dev.package.$crate.opt-level=3")
  done
  setup_rust
  setup_node
  cargo_tool cargo-about "$CARGO_ABOUT_VERSION" cargo-about "${options[@]}"
}

# The engine with WebGPU contains every crate of the one for the CPU, and the importer has some of its own. Frozen, so that nothing but what lies in
# the crates decides: what a server knows of them may change.
write_notice() {
  local crates=$CACHE/licences.json
  cargo fetch --quiet --locked
  "$(cargo_tool_folder cargo-about "$CARGO_ABOUT_VERSION")/bin/cargo-about" generate --frozen --fail \
    --no-default-features --features scene,webgpu,import --format json --output-file "$crates" &&
    node tools/notice/write.mjs "$1" <"$crates"
}
