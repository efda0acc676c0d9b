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
  build_engines
  say "Building the page"
  node tools/build-page.mjs
}

build_engines() {
  say "Compiling the engine for the CPU"
  # Small enough to be optimised as a whole, which wasm-opt has nothing to add to.
  CARGO_PROFILE_RELEASE_LTO=fat CARGO_PROFILE_RELEASE_CODEGEN_UNITS=1 \
    compile_engine --target-dir "$TARGET/cpu" --no-default-features --features raster
  bind_engine cpu "$TARGET/cpu"

  say "Compiling the engine with WebGPU"
  compile_engine --target-dir "$TARGET" --no-default-features --features raster,webgpu
  bind_engine webgpu "$TARGET" optimise_engine
}

compile_engine() {
  with_wasm cargo build --lib --release --locked --target "$WASM_TARGET" "$@"
}

optimise_engine() {
  say "Optimising it (about two minutes, only when it has changed)"
  node_modules/.bin/wasm-opt "${WASM_OPT_FLAGS[@]}" --output "$1.optimised" "$1"
  mv "$1.optimised" "$1"
}

# bind_engine NAME TARGET_FOLDER [THEN]: makes pkg/NAME of what was compiled, where that has changed.
bind_engine() {
  local compiled=$2/$WASM_TARGET/release/tilelens.wasm folder=pkg/$1 then=${3:-:} stamp
  stamp="$(sha256 "$compiled") $WASM_BINDGEN_VERSION ${WASM_OPT_FLAGS[*]}"
  if [[ -f $folder/stamp && $(<"$folder/stamp") == "$stamp" ]]; then
    return
  fi
  rm -rf "$folder"
  with_wasm wasm-bindgen --target web --remove-name-section --remove-producers-section --out-dir "$folder" "$compiled"
  "$then" "$folder/tilelens_bg.wasm"
  printf '%s\n' "$stamp" >"$folder/stamp"
}

build_command_line() {
  setup_rust
  say "Compiling the command line"
  cargo build --release --locked --bin tilelens
}
