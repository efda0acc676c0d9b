# shellcheck shell=bash
# Runs suites of tests. One that fails does not stop the next; then comes what failed and what did not run, and at last
# the totals. TILELENS_TIME_LIMITS, such as "serve=10 all=70", are minutes that a suite, or all together, may take: for
# machines whose speed is known.

PASSED=0
FAILED=0
FAILURES=()
LEFT_OUT=()
TIMES=()

# run_tests [SUITE…]: these, or all.
run_tests() {
  local suites=("${@:-${SUITES[@]}}") suite
  for suite in "${suites[@]}"; do
    is_one_of "$suite" "${SUITES[@]}" lib || die "there is no suite $suite; there are: ${SUITES[*]}"
  done
  run_suites "${suites[@]}"
}

check() {
  run_suites "${CHECKS[@]}"
}

run_suites() {
  local suite page=unbuilt
  mkdir -p "$TARGET/test"
  for suite in "$@"; do
    if is_one_of "$suite" "${PAGE_SUITES[@]}" && [[ $page == unbuilt ]]; then
      run_suite build build
      [[ $STATUS == 0 ]] && page=built || page=missing
    fi
    if is_one_of "$suite" "${PAGE_SUITES[@]}" && [[ $page == missing ]]; then
      LEFT_OUT+=("$suite: the page was not built")
    else
      run_suite "$suite" "suite_$suite"
    fi
  done
  summary
}

# run_suite NAME FUNCTION: shows and keeps what it says, adds up its results, and sets STATUS.
run_suite() {
  local name=$1 log=$TARGET/test/$1.log begun=$SECONDS
  RESULTS=$TARGET/test/$name.results
  REASON=$TARGET/test/$name.reason
  rm -f "$RESULTS" "$REASON"
  say "Tests: $name"
  # In no condition, where bash would let the suite go on after a command that failed.
  set +e
  (
    set -e
    "$2"
  ) 2>&1 | tee "$log"
  STATUS=${PIPESTATUS[0]}
  set -e
  TIMES+=("$name: $((SECONDS - begun)) s")
  check_time "$name" $((SECONDS - begun))
  # A suite without tests that are counted is itself one.
  if [[ ! -f $RESULTS ]]; then
    : >"$RESULTS"
    ! is_one_of "$name" "${SUITES_OF_TESTS[@]}" || awk -f tools/cargo-results.awk "$log" >"$RESULTS"
  fi
  add_results "$name" "$log"
}

# check_time NAME SECONDS: one more check, where there is a limit for it.
check_time() {
  local limit
  for limit in ${TILELENS_TIME_LIMITS:-}; do
    [[ ${limit%=*} == "$1" ]] || continue
    if (($2 <= ${limit#*=} * 60)); then
      PASSED=$((PASSED + 1))
    else
      FAILED=$((FAILED + 1))
      FAILURES+=("$1: took $2 s, and may take ${limit#*=} minutes")
    fi
  done
}

# cannot_run REASON: ends a suite that has what it needs neither here nor to be installed.
cannot_run() {
  printf '%s\n' "$1" | tee "$REASON"
  exit 0
}

# add_results NAME LOG
add_results() {
  local name=$1 log=$2 outcome test reason passed=0 failed=0
  if [[ -f $REASON ]]; then
    LEFT_OUT+=("$name: $(<"$REASON")")
    return
  fi
  while IFS=$'\t' read -r outcome test reason; do
    case $outcome in
      passed) passed=$((passed + 1)) ;;
      failed)
        failed=$((failed + 1))
        FAILURES+=("$name: $test${reason:+ ($reason)}")
        ;;
      skipped) LEFT_OUT+=("$name: $test${reason:+ ($reason)}") ;;
    esac
  done <"$RESULTS"
  if ((STATUS != 0 && failed == 0)); then
    failed=1
    if ! is_one_of "$name" "${SUITES_OF_TESTS[@]}"; then
      FAILURES+=("$name: see $log")
    elif ((passed == 0)); then
      FAILURES+=("$name: did not compile or start, so that none of its tests ran: $(first_error "$log")")
    else
      FAILURES+=("$name: ended with status $STATUS after $passed tests: $(first_error "$log")")
    fi
  elif ((passed + failed == 0)) && [[ $name != build && ! -s $RESULTS ]]; then
    passed=1
  fi
  PASSED=$((PASSED + passed))
  FAILED=$((FAILED + failed))
}

first_error() {
  grep -m 1 -E '^(error|build\.sh:|Error)' "$1" || tail -n 1 "$1"
}

summary() {
  check_time all "$SECONDS"
  list "Time taken:" "${TIMES[@]}"
  list "Failed:" "${FAILURES[@]}"
  list "Did not run:" "${LEFT_OUT[@]}"
  printf '\n%s passed, %s failed\n' "$PASSED" "$FAILED"
  ((FAILED == 0))
}

# list HEADING ITEM…: nothing where there are none.
list() {
  if (($# > 1)); then
    printf '\n%s\n' "$1"
    printf '  %s\n' "${@:2}"
  fi
}

is_one_of() {
  local wanted=$1 item
  shift
  for item in "$@"; do
    [[ $item == "$wanted" ]] && return
  done
  return 1
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

# Firefox is a second opinion: without it, its tests are left out. Sets FIREFOX and GECKODRIVER, or leaves them empty.
setup_firefox() {
  FIREFOX=${FIREFOX:-$(command -v firefox-esr || command -v firefox || true)}
  GECKODRIVER=
  if [[ -z $FIREFOX ]] && (apt_install firefox-esr); then
    FIREFOX=$(command -v firefox-esr)
  fi
  if [[ -n $FIREFOX ]] && (cargo_tool geckodriver "$GECKODRIVER_VERSION" geckodriver); then
    GECKODRIVER=$(cargo_tool_folder geckodriver "$GECKODRIVER_VERSION")/bin/geckodriver
  fi
  export FIREFOX GECKODRIVER
}
