# shellcheck shell=bash
# The suites of tests, each a function. A suite sets up what it needs and runs in a process of its own, so that what
# fails in one ends that one alone.

# In the order in which they run: `serve`, whose time from nothing is checked, then what is quick and what fails most often.
SUITES=(serve format clippy rustdoc crate types page docs audit notice metadata native fuzz examples chromium firefox project package e2e bench)

# What `./build.sh check` runs: all that needs no browser and no WebGPU. `native` has the tests of `lib` and more.
CHECKS=(format clippy rustdoc crate types page docs lib)

# Those that need the whole page in dist/.
PAGE_SUITES=(package e2e bench)

# Those whose tests are counted one by one.
SUITES_OF_TESTS=(page docs lib native examples chromium firefox project package e2e)

# What somebody waits for who has just cloned the repository.
suite_serve() {
  build_first_page
}

suite_format() {
  setup_rust_component fmt rustfmt
  cargo fmt --all --check
  cargo fmt --check --manifest-path fuzz/Cargo.toml
  cargo fmt --check --manifest-path examples/server/Cargo.toml
}

# As the command line is compiled, and each module as a browser has it.
suite_clippy() {
  setup_rust_component clippy clippy
  setup_wasm_target
  cargo clippy --release --locked --all-targets -- -D warnings
  # Debian's compiler has no clippy.
  if [[ -z $WASM_TOOLCHAIN ]]; then
    clippy_of_module engine
    clippy_of_module training
    clippy_of_module raster
    clippy_of_module scene
  fi
}

# In the folder of the modules, which find there what was compiled for the compiler itself.
clippy_of_module() {
  cargo clippy --release --locked --lib --target "$WASM_TARGET" --target-dir "$TARGET/cpu" \
    --no-default-features --features "$1" -- -D warnings
}

suite_rustdoc() {
  setup_rust
  # As docs.rs does it: with the default features.
  RUSTDOCFLAGS="-D warnings" cargo doc --release --locked --no-deps --lib
}

suite_types() {
  local importer
  setup
  # The importer, which no types come from, has the core that linking leaves idle.
  build_importer &
  importer=$!
  # The page's types begin with those of the engine.
  build_modules_for_cpu
  wait "$importer"
  types_of_webgpu_engine
  npm run --silent check
}

# What the crate's archive holds, and which Rust compiles it.
suite_crate() {
  setup_rust
  setup_node
  check_rust_version
  check_archive
}

# The classes of the page, in Node.
suite_page() {
  setup_node
  node_tests tests/page/*.test.mjs
}

# Links and commands in the documents.
suite_docs() {
  setup_node
  node_tests tests/docs/*.test.mjs
}

suite_audit() {
  audit
}

suite_notice() {
  setup_node
  node tools/notice/check.mjs
}

# The models' STAC items and the front matter of their cards.
suite_metadata() {
  setup_node
  node tools/models/metadata.mjs --check
  setup_python tests/models/requirements.txt
  "$PYTHON" tests/models/metadata.py
}

suite_lib() {
  setup_rust
  cargo test --release --locked --no-fail-fast --lib
}

suite_native() {
  setup_rust
  cargo test --release --locked --no-fail-fast
}

# The same inputs each time: what chance finds is for a run by hand.
suite_fuzz() {
  FUZZ_SEED=1 fuzz 5
}

suite_examples() {
  setup_node
  setup_python
  build_command_line
  cargo build --quiet --locked --manifest-path examples/server/Cargo.toml --target-dir "$TARGET/server"
  node_tests tests/export/*.test.mjs
}

suite_chromium() {
  setup
  setup_browser
  wasm_tests CHROMEDRIVER="$CHROMEDRIVER"
}

# A second opinion on the wasm. A headless Firefox has no GPU adapter.
suite_firefox() {
  setup
  setup_firefox
  [[ -n $GECKODRIVER ]] || cannot_run "firefox-esr or geckodriver could not be installed"
  wasm_tests GECKODRIVER="$GECKODRIVER" --skip webgpu
}

# What the browser's database and zip files are for the page.
suite_project() {
  setup_node
  setup_browser
  node_tests --test-concurrency=1 tests/project/*.test.mjs
}

# The npm package, packed and installed into fresh projects. WebGPU is where the WebGPU engine has been built.
suite_package() {
  setup
  setup_browser
  setup_firefox
  if engine_is_built webgpu "$(engine_sources)"; then
    package
  else
    package --cpu-only
  fi
  node_tests --test-concurrency=1 tests/package/*.test.mjs
}

suite_e2e() {
  setup_browser
  setup_firefox
  # What the page gives away is read by others.
  setup_python
  build_command_line
  # Two browsers at once: much of a test is waiting, and two cores are the least that there are.
  node_tests --test-concurrency=2 tests/e2e/*.test.mjs
}

# Every part of the bench once, so that it cannot rot; its figures are of no use.
suite_bench() {
  setup_browser
  setup_python
  cargo bench --locked --bench network --bench raster --bench training -- --test
  node tools/bench/bench.mjs --smoke
}

# node_tests OPTION… FILE…
node_tests() {
  local file=${!#}
  [[ -e $file ]] || cannot_run "there is no test in ${file%/*}"
  node --test --test-reporter=spec --test-reporter-destination=stdout \
    --test-reporter=./tools/test-results.mjs --test-reporter-destination="$RESULTS" "$@"
}

# wasm_tests DRIVER=PATH [TEST_OPTION…]
wasm_tests() {
  local driver=$1
  shift
  cat >"$TARGET/test/webdriver.json" <<JSON
{
  "goog:chromeOptions": { "binary": "${CHROMIUM:-}", "args": ["--headless", "--no-sandbox", "--enable-unsafe-webgpu"] },
  "moz:firefoxOptions": { "binary": "${FIREFOX:-}" }
}
JSON
  # The runner takes the first driver that it is told of. The software GPU takes its time over a whole network. Not
  # captured: the tests say how far each stage is from torchvision's.
  with_wasm env -u CHROMEDRIVER -u GECKODRIVER "$driver" \
    CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER=wasm-bindgen-test-runner WASM_BINDGEN_TEST_ONLY_WEB=1 \
    WASM_BINDGEN_TEST_WEBDRIVER_JSON="$TARGET/test/webdriver.json" WASM_BINDGEN_TEST_TIMEOUT=3600 \
    cargo test --release --locked --target "$WASM_TARGET" --no-default-features --features engine,webgpu \
    --test web -- --nocapture "$@"
}
