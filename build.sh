#!/usr/bin/env bash
# The one entry of Tilelens. Each command runs those that it needs; all may be run again at any time.
set -euo pipefail
CALLER_FOLDER=$PWD
cd "$(dirname "${BASH_SOURCE[0]}")"

# shellcheck source=tools/common.sh
source tools/common.sh
# shellcheck source=tools/setup.sh
source tools/setup.sh
# shellcheck source=tools/build.sh
source tools/build.sh
# shellcheck source=tools/release.sh
source tools/release.sh
# shellcheck source=tools/suites.sh
source tools/suites.sh
# shellcheck source=tools/test.sh
source tools/test.sh
# shellcheck source=tools/weights.sh
source tools/weights.sh
# shellcheck source=tools/audit.sh
source tools/audit.sh
# shellcheck source=tools/fuzz.sh
source tools/fuzz.sh
# shellcheck source=tools/notice.sh
source tools/notice.sh
# shellcheck source=tools/crate.sh
source tools/crate.sh

usage() {
  cat <<TEXT
usage: ./build.sh COMMAND

  setup                     install compilers, tools and packages
  build [--cpu-only]        build the engines and the page into dist/; --cpu-only leaves the WebGPU engine out
  serve [--cpu-only] [PORT] serve the page on 127.0.0.1 (PORT, else \$PORT, else 8080) as soon as it has the CPU engine,
                            and build the WebGPU engine meanwhile
  serve --release FOLDER [PORT]
                            serve the site of a release whose archives are in FOLDER: nothing is compiled
  site [--cpu-only]         build the page into target/site/, for any static host, at the root or under a path
  package [--cpu-only]      build the npm package into target/npm/
  release [--cpu-only] [--without-command-line]
                            make the archives of a release in target/archives/: site, npm package, models, command line,
                            bill of materials, checksums
  check                     formatting, lints, documentation, types and unit tests: what takes no browser
  test [SUITE…]             run every test, or these suites:
                              ${SUITES[*]}
  bench [FOLDER]            build, then measure sizes, times and memory beside other engines (on the tiles in FOLDER)
  fuzz [SECONDS [TARGET]]   fuzz whatever reads files of strangers (10 seconds a target)
  soak [MINUTES]            build, then use the page for hours, and see whether its memory grows
  audit [--strict]          check dependencies: advisories, licences, sources; --strict fails where one cannot be asked
  semver [REVISION]         compare the crate's interface with a revision's (the last tag): what would break its users
  notice                    write NOTICE, the licences of all that the page ships
  weights imagenet [PATH]   fetch torchvision's ImageNet weights, or take them from PATH

What is installed goes to \$TILELENS_CACHE (~/.cache/tilelens); CHROMIUM, CHROMEDRIVER and FIREFOX name other browsers.
TEXT
}

# A path as the caller meant it, who may stand in another folder.
from_caller() {
  (cd "$CALLER_FOLDER" && realpath --canonicalize-missing -- "$1")
}

serve() {
  local cpu_only='' release='' port server builder
  if [[ ${1:-} == --release ]]; then
    release=${2:-}
    [[ -n $release ]] || die "serve --release needs the folder with the archives of a release"
    shift 2
  elif [[ ${1:-} == --cpu-only ]]; then
    cpu_only=$1
    shift
  fi
  port=${1:-${PORT:-8080}}
  # serve.mjs says it, too, but minutes later.
  [[ $port =~ ^[0-9]+$ ]] || die "“$port” is no port: write ./build.sh serve 8080"
  if [[ -n $release ]]; then
    serve_release "$(from_caller "$release")" "$port"
  fi
  if [[ -n $cpu_only ]]; then
    build --cpu-only
    exec node tools/serve.mjs --port "$port"
  fi
  build_first_page
  if engine_is_built webgpu "$(engine_sources)"; then
    exec node tools/serve.mjs --port "$port"
  fi
  # Each in a process group of its own, so that what ends this script ends all that they started.
  set -m
  node tools/serve.mjs --port "$port" &
  server=$!
  build_rest &
  builder=$!
  set +m
  # Their numbers are put in now: when an error ends this function, its variables are gone.
  # shellcheck disable=SC2064
  trap "kill -- '-$server' '-$builder' 2>/dev/null || true" EXIT
  wait "$server"
}

# Builds what the page that is served already lacks. A process of its own, so that an error ends it.
build_rest() {
  local log=$CACHE/webgpu-engine.log
  say "The page has the CPU engine. The WebGPU engine is being built: 10 to 20 minutes the first time, see $log"
  if nice -n 10 ./build.sh build >"$log" 2>&1; then
    say "The WebGPU engine is built and in dist/: load the page again to use it"
  else
    say "The WebGPU engine was not built, see $log: the page goes on with the CPU engine"
  fi
}

bench() {
  setup_browser
  setup_python
  build
  say "Timing the network natively"
  cargo bench --bench network -- network
  say "Timing everything in a browser (half an hour)"
  exec node tools/bench/bench.mjs "${1:+$(from_caller "$1")}"
}

soak() {
  setup_browser
  build
  exec node tools/bench/soak.mjs "${1:-120}"
}

case ${1:-} in
  setup | notice | check) "$1" ;;
  build | site | package | release | serve | bench | audit | fuzz | soak | semver | weights)
    command=$1
    shift
    "$command" "$@"
    ;;
  test)
    shift
    run_tests "$@"
    ;;
  help | --help | -h) usage ;;
  *)
    usage >&2
    exit 2
    ;;
esac
