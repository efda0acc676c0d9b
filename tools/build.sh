# shellcheck shell=bash
# The engine (Rust to wasm) and the page.

# What rustc's wasm32 target and simd128 use, so that wasm-opt accepts it and adds nothing newer.
WASM_OPT_FLAGS=(
  -O2 --strip-producers
  --enable-simd --enable-bulk-memory --enable-bulk-memory-opt --enable-nontrapping-float-to-int
  --enable-sign-ext --enable-mutable-globals --enable-reference-types --enable-multivalue
)

# build [--cpu-only]: with --cpu-only, without the WebGPU engine, which takes ten times as long as the rest.
build() {
  [[ -z ${1:-} || $1 == --cpu-only ]] || die "build takes --cpu-only or nothing, not $1"
  build_engines "$@"
  build_page "$@"
}

# build_engines [--cpu-only]: all that the page is made of beside its own files.
build_engines() {
  local importer
  setup
  # To link one of them takes one core alone. The importer, with a compiler's folder of its own, has another meanwhile.
  build_importer &
  importer=$!
  build_modules_for_cpu
  [[ ${1:-} == --cpu-only ]] || build_webgpu_engine
  wait "$importer"
}

# The engine of the first visit, and what is fetched when a raster or a scene is opened.
build_modules_for_cpu() {
  build_cpu_engine
  build_training_module
  build_raster_module
  build_scene_module
}

# The page as it can be served first: the WebGPU engine is in it where it was built before.
build_first_page() {
  setup
  build_modules_for_cpu
  if engine_is_built webgpu "$(engine_sources)"; then
    build_importer
    build_page
  else
    build_page --cpu-only
  fi
}

# build_page [--cpu-only]: puts the page together in a folder beside dist/, which then takes its place: whoever
# is served meanwhile never sees half of it.
build_page() {
  say "Building the page"
  if [[ ${1:-} == --cpu-only ]]; then
    types_of_webgpu_engine
  fi
  rm -rf dist.next
  if [[ -d dist ]]; then
    # What has not changed need not be compressed again.
    cp -a --reflink=auto dist dist.next
  fi
  node tools/build-page.mjs --output dist.next "$@"
  node --input-type=module - <<'JS'
import { existsSync, renameSync, rmSync } from 'node:fs';
rmSync('dist.previous', { recursive: true, force: true });
if (existsSync('dist')) renameSync('dist', 'dist.previous');
renameSync('dist.next', 'dist');
rmSync('dist.previous', { recursive: true, force: true });
JS
}

# package [--cpu-only]: the npm package in target/npm/.
package() {
  [[ -z ${1:-} || $1 == --cpu-only ]] || die "package takes --cpu-only or nothing, not $1"
  setup
  # The scenes' types are among those of the engine room.
  build_modules_for_cpu
  if [[ ${1:-} == --cpu-only ]]; then
    types_of_webgpu_engine
  else
    build_webgpu_engine
  fi
  say "Building the npm package"
  node tools/build-package.mjs --output target/npm "$@"
  say "It is in target/npm: npm pack makes the tarball, npm publish publishes it"
}

# build_module NAME FEATURE LEVEL: small enough to be optimised as a whole, which wasm-opt has nothing to add to. What takes
# most of the time lies in packages that Cargo.toml compiles for speed, whatever the level.
build_module() {
  CARGO_PROFILE_RELEASE_LTO=fat CARGO_PROFILE_RELEASE_CODEGEN_UNITS=1 CARGO_PROFILE_RELEASE_OPT_LEVEL=$3 \
    build_engine "$1" "$TARGET/cpu" : --no-default-features --features "$2"
}

build_cpu_engine() {
  build_module cpu engine s
}

# What is done with labelled tiles: fetched when heads are trained, tiles compared or models converted.
# At level s an epoch takes a quarter longer.
build_training_module() {
  build_module training training 2
}

# Rasters and rare pictures: fetched when such a file is there, by either engine.
build_raster_module() {
  build_module raster raster s
}

# Scenes: views, grids, maps and their files; fetched when one is opened.
build_scene_module() {
  build_module scene scene 2
}

build_webgpu_engine() {
  build_engine webgpu "$TARGET" optimise_engine --no-default-features --features engine,webgpu
}

# What reads checkpoints of other frameworks on the page: a program for WASI, which a visitor fetches when it is needed.
# Where rustup cannot add its target, the page goes without, and says what to do on the command line.
build_importer() {
  local folder=pkg/import program=tilelens-import sources
  sources=$(importer_sources)
  if [[ -f $folder/sources && $(<"$folder/sources") == "$sources" ]]; then
    return
  fi
  if ! setup_wasi_target; then
    say "Without the importer of checkpoints: rustup cannot add the target $WASI_TARGET"
    rm -rf "$folder"
    return
  fi
  say "Compiling the importer of checkpoints"
  env -u RUSTFLAGS CARGO_PROFILE_RELEASE_LTO=fat CARGO_PROFILE_RELEASE_CODEGEN_UNITS=1 CARGO_PROFILE_RELEASE_STRIP=true \
    cargo build --bin "$program" --release --locked --target "$WASI_TARGET" --target-dir "$TARGET/import" \
    --no-default-features --features import
  install -D -m 644 "$TARGET/import/$WASI_TARGET/release/$program.wasm" "$folder/$program.wasm"
  printf '%s\n' "$sources" >"$folder/sources"
}

# A digest of all that the importer is made of.
importer_sources() {
  {
    find src Cargo.toml Cargo.lock -path src/bin/tilelens -prune -o -type f -print0 | sort -z | xargs -0 sha256sum
    rustc --version
  } | sha256sum | cut -d ' ' -f 1
}

# Where the WebGPU engine is left out, `npm run check` reads the types of the other, which knows all of it but the training.
types_of_webgpu_engine() {
  [[ -f pkg/webgpu/tilelens.d.ts ]] || install -D -m 644 pkg/cpu/tilelens.d.ts pkg/webgpu/tilelens.d.ts
}

# Options of wasm-bindgen: a file that ends the reader of rasters costs that file alone, for the module begins anew.
bindgen_options() {
  [[ $1 != raster && $1 != scene ]] || printf '%s\n' --experimental-reset-state-function
}

# build_engine NAME TARGET_FOLDER THEN CARGO_OPTION…: makes pkg/NAME, where its sources have changed.
build_engine() {
  local name=$1 target=$2 then=$3 folder=pkg/$1 compiled=$2/$WASM_TARGET/release/tilelens.wasm sources binary options
  shift 3
  # Taken before the compiler reads them: what is changed meanwhile is compiled next time.
  sources=$(engine_sources)
  if engine_is_built "$name" "$sources"; then
    return
  fi
  say "Compiling the engine: $name"
  with_wasm cargo build --lib --release --locked --target "$WASM_TARGET" --target-dir "$target" "$@"
  mapfile -t options < <(bindgen_options "$name")
  binary="$(sha256 "$compiled") $WASM_BINDGEN_VERSION ${options[*]} ${WASM_OPT_FLAGS[*]}"
  if [[ ! -f $folder/stamp || $(<"$folder/stamp") != "$binary" ]]; then
    rm -rf "$folder"
    with_wasm wasm-bindgen --target web --remove-name-section --remove-producers-section "${options[@]}" --out-dir "$folder" "$compiled"
    "$then" "$folder/tilelens_bg.wasm"
    printf '%s\n' "$binary" >"$folder/stamp"
  fi
  printf '%s\n' "$sources" >"$folder/sources"
}

# engine_is_built NAME SOURCES
engine_is_built() {
  [[ -f pkg/$1/sources && $(<"pkg/$1/sources") == "$2" ]]
}

# A digest of all that the engines are made of.
engine_sources() {
  {
    find src Cargo.toml Cargo.lock .cargo -path src/bin -prune -o -type f -print0 | sort -z | xargs -0 sha256sum
    rustc --version
    printf '%s\n' "$WASM_TOOLCHAIN" "$WASM_BINDGEN_VERSION" "${WASM_OPT_FLAGS[@]}" "${CARGO_PROFILE_RELEASE_OPT_LEVEL:-}"
  } | sha256sum | cut -d ' ' -f 1
}

optimise_engine() {
  say "Optimising it (about two minutes, only when it has changed)"
  node_modules/.bin/wasm-opt "${WASM_OPT_FLAGS[@]}" --output "$1.optimised" "$1"
  mv "$1.optimised" "$1"
}

build_command_line() {
  setup_rust
  say "Compiling the command line"
  # With the examples, which want the same features of burn's crates as the tests do: burn is compiled once for all.
  cargo build --release --locked --bin tilelens --examples
}
