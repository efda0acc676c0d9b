# shellcheck shell=bash
# The engine (Rust to wasm) and the page.

# What rustc's wasm32 target and simd128 use, so that wasm-opt accepts it and adds nothing newer.
WASM_OPT_FLAGS=(
  -O2 --strip-producers
  --enable-simd --enable-bulk-memory --enable-bulk-memory-opt --enable-nontrapping-float-to-int
  --enable-sign-ext --enable-mutable-globals --enable-reference-types --enable-multivalue
)

build() {
  setup
  build_engine
  say "Building the page"
  node tools/build-page.mjs
}

build_engine() {
  local compiled=$TARGET/$WASM_TARGET/release/tilelens.wasm stamp
  say "Compiling the engine"
  with_wasm cargo build --lib --release --target "$WASM_TARGET" --no-default-features --features webgpu
  stamp="$(sha256 "$compiled") $WASM_BINDGEN_VERSION ${WASM_OPT_FLAGS[*]}"
  if [[ -f pkg/stamp && $(<pkg/stamp) == "$stamp" ]]; then
    return
  fi
  rm -f pkg/stamp
  say "Binding the engine to JavaScript"
  with_wasm wasm-bindgen --target web --remove-name-section --remove-producers-section --out-dir pkg "$compiled"
  say "Optimising the engine (about two minutes, only when it has changed)"
  node_modules/.bin/wasm-opt "${WASM_OPT_FLAGS[@]}" --output pkg/optimised.wasm pkg/tilelens_bg.wasm
  mv pkg/optimised.wasm pkg/tilelens_bg.wasm
  printf '%s\n' "$stamp" >pkg/stamp
}

build_command_line() {
  setup_rust
  say "Compiling the command line"
  cargo build --release --bin tilelens
}
