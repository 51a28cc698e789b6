#!/usr/bin/env bash
# Checks everything: style, types, unit tests, then tests on a real broker and a real cluster, then
# in a real browser. Ends in one line with the totals, where style, types and kernels count as one
# test each.
#   scripts/test.sh                    all of it
#   scripts/test.sh tests/udfs -k fix  only these, with pytest's own arguments
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
case " $* " in *" -h "* | *" --help "*) usage "${BASH_SOURCE[0]}"; exit ;; esac

scripts/setup.sh --dev
# Settings of a started Tapeline are not those of the tests.
for name in $(compgen -e TAPELINE_); do unset "$name"; done
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
bin=$PWD/.venv/bin

# check NAME COMMAND...: one test, passed if the command is.
check() {
  local name=$1
  shift
  printf '\n== %s\n' "$name"
  if "$@"; then touch "$results/$name.passed"; else touch "$results/$name.failed"; fi
}

# tests NAME ARGUMENTS...: a run of pytest; when it breaks down before it has results, one failure.
tests() {
  local name=$1 status=0
  shift
  printf '\n== %s\n' "$name"
  "$bin/pytest" --junitxml="$results/$name.xml" "$@" || status=$?
  # 1 is failed tests, which the results tell, and 5 is no test found.
  case $status in 0 | 1 | 5) ;; *) touch "$results/$name.failed" ;; esac
}

if [ $# -gt 0 ]; then
  tests chosen "$@"
else
  "$bin/python" -m scripts.stack.kernels &
  kernels=$!
  check style "$bin/ruff" check
  check format "$bin/ruff" format --check
  check types "$bin/mypy"
  # Before the tests, whose workers would each compile all of them.
  check kernels wait "$kernels"
  # One worker more than processors: some tests wait for a while.
  tests unit -n $(($(nproc) + 1)) --dist worksteal -m "not system and not browser"
  # What waits for a broker or a cluster leaves half of two cores idle. Each worker has its own.
  tests system -n 2 --dist loadscope -m system
  if command -v chromium chromium-browser google-chrome google-chrome-stable >/dev/null; then
    tests browser -n 2 --dist loadscope -m browser
  else
    printf '\n== browser: no Chromium on this machine, its tests are left out\n'
  fi
fi
"$python" -m scripts.stack.totals "$results"
