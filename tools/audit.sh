# shellcheck shell=bash
# Known vulnerabilities, licences and sources of everything that Tilelens is built with.

# audit [--strict]: says what it checked and what could not be asked; with --strict, the latter is a failure too.
audit() {
  local strict=${1:-} problems=0
  [[ -z $strict || $strict == --strict ]] || die "audit takes --strict or nothing, not $strict"
  setup_rust
  setup_node
  cargo_tool cargo-deny "$CARGO_DENY_VERSION" cargo-deny --locked

  say "Crates: licences, sources and versions"
  deny --log-level error --locked check licenses bans sources || problems=$((problems + 1))
  audit_crates
  audit_npm "npm packages on the page: advisories" '"auditReportVersion"' --omit=dev
  audit_npm "npm packages, the tools' too: advisories" '"auditReportVersion"'
  audit_npm "npm packages: signatures" '"invalid"' signatures
  ((problems == 0)) || return 1
}

deny() {
  "$(cargo_tool_folder cargo-deny "$CARGO_DENY_VERSION")/bin/cargo-deny" "$@"
}

audit_crates() {
  local log=$CACHE/advisories.log
  if deny fetch db >"$log" 2>&1; then
    say "Crates: advisories"
    deny --locked check advisories || problems=$((problems + 1))
  else
    left_out "Crates: advisories" "$log"
  fi
}

# audit_npm WHAT KEY ARGUMENT…: KEY is in npm's report and not in its account of why there is none.
audit_npm() {
  local what=$1 key=$2 report=$CACHE/npm-audit.json status=0
  shift 2
  # npm's own patience is 70 seconds for a server that is not there.
  npm audit "$@" --json --fetch-retry-mintimeout=1000 --fetch-retry-maxtimeout=4000 >"$report" 2>&1 || status=$?
  if ! grep -q "$key" "$report"; then
    left_out "$what" "$report"
    return
  fi
  say "$what"
  if ((status == 0)); then
    echo "none to report"
  else
    cat "$report"
    problems=$((problems + 1))
  fi
}

# left_out WHAT LOG
left_out() {
  say "$1: LEFT OUT, because no server answered on this machine; see $2"
  [[ -z $strict ]] || problems=$((problems + 1))
}
