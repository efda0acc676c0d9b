# shellcheck shell=bash
# Every test there is. A suite that fails does not stop the next; the last line gives the totals.

PASSED=0
FAILED=0

run_tests() {
  setup
  setup_browser
  setup_firefox
  setup_python
  build
  cargo_tool wasm-pack "$WASM_PACK_VERSION" wasm-pack
  build_command_line
  mkdir -p "$TARGET/test"

  suite audit audit
  suite notice node tools/notice/check.mjs
  # The same inputs each time: what chance finds is for a run by hand.
  FUZZ_SEED=1 suite fuzz fuzz 10
  suite types npm run --silent check
  suite native cargo test --release --locked
  suite examples node --test --test-reporter=spec tests/export/*.test.mjs
  suite chromium wasm_tests --chrome --chromedriver "$CHROMEDRIVER"
  firefox_suite
  suite project node --test --test-reporter=spec --test-concurrency=1 tests/project/*.test.mjs
  suite e2e node --test --test-reporter=spec --test-concurrency=1 tests/e2e/*.test.mjs

  printf '\n%s passed, %s failed\n' "$PASSED" "$FAILED"
  ((FAILED == 0))
}

setup_browser() {
  CHROMIUM=${CHROMIUM:-$(command -v chromium || command -v google-chrome || true)}
  CHROMEDRIVER=${CHROMEDRIVER:-$(command -v chromedriver || true)}
  if [[ -z $CHROMIUM || -z $CHROMEDRIVER ]]; then
    apt_install chromium chromium-driver fonts-liberation
    CHROMIUM=$(command -v chromium)
    CHROMEDRIVER=$(command -v chromedriver)
  fi
  export CHROMIUM CHROMEDRIVER
}

# Firefox is a second opinion on the wasm: without it the tests go on.
setup_firefox() {
  FIREFOX=${FIREFOX:-$(command -v firefox-esr || command -v firefox || true)}
  if [[ -z $FIREFOX ]] && (apt_install firefox-esr); then
    FIREFOX=$(command -v firefox-esr)
  fi
  if [[ -n $FIREFOX ]] && ! (cargo_tool geckodriver "$GECKODRIVER_VERSION" geckodriver); then
    FIREFOX=
  fi
}

# suite NAME COMMAND…: shows and keeps the output, and adds up what it counted. A suite that ends badly
# without a failed test (it did not compile, say) counts as one failure; one without counts that ends
# well, as one pass.
suite() {
  local name=$1 log=$TARGET/test/$1.log status=0 passed failed
  shift
  say "Tests: $name"
  "$@" 2>&1 | tee "$log" || status=$?
  read -r passed failed < <(count_tests "$log")
  if ((status != 0 && failed == 0)); then
    failed=1
  elif ((passed == 0 && failed == 0)); then
    passed=1
  fi
  PASSED=$((PASSED + passed))
  FAILED=$((FAILED + failed))
}

# The sums over cargo's lines (`test result: ok. 3 passed; 0 failed; …`) and node's (`ℹ pass 3`).
count_tests() {
  awk '
    /^test result:/ { for (i = 2; i <= NF; i++) { if ($i == "passed;") passed += $(i - 1); if ($i == "failed;") failed += $(i - 1) } }
    $2 == "pass" && NF == 3 { passed += $3 }
    $2 == "fail" && NF == 3 { failed += $3 }
    END { print passed + 0, failed + 0 }
  ' "$1"
}

# wasm_tests BROWSER_OPTIONS… [-- TEST_OPTIONS…]
wasm_tests() {
  local browser=()
  while (($# > 0)) && [[ $1 != -- ]]; do
    browser+=("$1")
    shift
  done
  cat >"$TARGET/test/webdriver.json" <<JSON
{
  "goog:chromeOptions": { "binary": "$CHROMIUM", "args": ["--headless", "--no-sandbox", "--enable-unsafe-webgpu"] },
  "moz:firefoxOptions": { "binary": "$FIREFOX" }
}
JSON
  # The software GPU takes its time over a whole network. Not captured: the tests say how far each stage is
  # from torchvision's.
  WASM_BINDGEN_TEST_WEBDRIVER_JSON="$TARGET/test/webdriver.json" WASM_BINDGEN_TEST_TIMEOUT=600 \
    with_wasm "$(cargo_tool_folder wasm-pack "$WASM_PACK_VERSION")/bin/wasm-pack" test \
    --mode no-install --release --headless "${browser[@]}" \
    -- --no-default-features --features raster,webgpu --test web -- --nocapture "${@:2}"
}

firefox_suite() {
  if [[ -z $FIREFOX ]]; then
    say "Firefox's tests are left out: firefox-esr or geckodriver could not be installed"
    return
  fi
  # A headless Firefox has no GPU adapter.
  suite firefox wasm_tests --firefox --geckodriver \
    "$(cargo_tool_folder geckodriver "$GECKODRIVER_VERSION")/bin/geckodriver" -- --skip webgpu
}
