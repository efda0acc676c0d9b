# shellcheck shell=bash
# Coverage-guided fuzzing of whatever reads files of strangers.

FUZZ_TARGETS=(image raster model_file safetensors pytorch onnx)

# What cargo-fuzz passes without a sanitizer, all of it known to a stable compiler.
FUZZ_FLAGS="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares"

# No input hangs: one that is not done in ten minutes, however busy the machine, never is. None takes more memory: the
# largest tile needs 600 MB, the weights of an import 512 MB.
FUZZ_LIMITS=(-timeout=600 -rss_limit_mb=2048 -malloc_limit_mb=640)

# fuzz [SECONDS [TARGET]]: each target and the project files, or that target alone, for so long. Fails at the first crash, and says where its input is.
fuzz() {
  local seconds=${1:-10} target targets=("${FUZZ_TARGETS[@]}")
  [[ $seconds =~ ^[0-9]+$ ]] || die "fuzz takes a number of seconds, not $seconds"
  if (($# > 1)); then
    targets=("$2")
  fi
  setup_rust
  build_fuzz_targets
  for target in "${targets[@]}"; do
    say "Fuzzing $target for $seconds s"
    fuzz_target "$target" "$seconds"
  done
  if (($# < 2)); then
    setup_node
    say "Fuzzing project files for $seconds s"
    FUZZ_SECONDS=$seconds node --test --test-reporter=spec tests/project/archive-fuzz.test.mjs
  fi
}

build_fuzz_targets() {
  say "Compiling the fuzz targets"
  # In a folder of its own by the target, beside what was compiled for the compiler itself.
  RUSTFLAGS=$FUZZ_FLAGS cargo build --quiet --locked --release --manifest-path fuzz/Cargo.toml --target-dir "$TARGET" --target "$(host_triple)"
}

host_triple() {
  rustc --version --verbose | sed -n 's/^host: //p'
}

# What was found to be new is kept in target/, where the next run begins. $FUZZ_SEED makes a run the same each time.
fuzz_target() {
  local corpus=$TARGET/fuzz/corpus/$1 log=$TARGET/fuzz/$1.log status=0
  mkdir -p "$corpus" "$TARGET/fuzz/artifacts/$1"
  seed_corpus "$1" "$corpus"
  "$TARGET/$(host_triple)/release/$1" "$corpus" -max_total_time="$2" -artifact_prefix="$TARGET/fuzz/artifacts/$1/" \
    -print_final_stats=1 -seed="${FUZZ_SEED:-0}" "${FUZZ_LIMITS[@]}" >"$log" 2>&1 || status=$?
  if ((status != 0)); then
    tail -n 40 "$log"
    die "the target $1 failed; its input is in $TARGET/fuzz/artifacts/$1"
  fi
  awk '/^stat::number_of_executed_units/ { runs = $2 } / cov: / { for (i = 1; i < NF; i++) if ($i == "cov:") reached = $(i + 1) }
    END { printf "%d inputs, %d edges reached, no crash\n", runs, reached }' "$log"
}

# seed_corpus TARGET FOLDER
seed_corpus() {
  local model=$TARGET/fuzz/model.safetensors
  case $1 in
    image) cp tests/fixtures/images/*.{png,jpg,gif,bmp,tiff,webp} "$2" ;;
    raster) cp tests/fixtures/raster/*.tif "$2" ;;
    # What stands before the weights.
    model_file)
      build_command_line
      "$TARGET/release/tilelens" join models/overhead.safetensors models/sentinel-2.safetensors --output "$model"
      head -c "$((8 + $(od -An -t u8 -N 8 "$model")))" "$model" >"$2/header"
      # The same for images of 32 pixels, of which a model answers fast.
      sed 's/crop_px\\":224/crop_px\\": 32/' "$2/header" >"$2/header-32"
      ;;
    *) cp "fuzz/seeds/$1"/* "$2" ;;
  esac
}
