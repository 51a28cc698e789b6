#!/usr/bin/env bash
# Brings everything that Tapeline needs into the checkout; does only what has changed.
#   scripts/setup.sh [--dev] [--total N]
#     --dev      the tools for tests too
#     --total N  the number of steps to show, for a caller that has more of its own (default 4)
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

lock=requirements.lock total=4 number=0
while [ $# -gt 0 ]; do
  case $1 in
    --dev) lock=requirements-dev.lock ;;
    --total) total=$2; shift ;;
    *) usage "${BASH_SOURCE[0]}"; exit 2 ;;
  esac
  shift
done
logs=$home/logs/setup
jars=flink-conf/jars
page=api/node_modules

# Each has a copy of what it was made from; while the copy is the same, there is nothing to do.
packages_current() {
  "$python" -c '' 2>/dev/null || return 1
  cmp -s "$lock" .venv/installed.lock || cmp -s requirements-dev.lock .venv/installed.lock
}
jars_made_of() { cat flink-conf/pom.xml flink-conf/src/main/java/io/tapeline/*.java; }
jars_current() { jars_made_of | cmp -s - "$jars/installed"; }
page_current() { [ ! -f api/package.json ] || cmp -s api/package-lock.json "$page/installed.json"; }

# begin TITLE: the first half of a step's line.
begin() {
  number=$((number + 1))
  printf '[%d/%d] %s ...' "$number" "$total" "$1"
}

# run NAME COMMAND...: the second half, while the command runs with its output in a log.
run() {
  local log=$logs/$1.log start=$SECONDS status=0 dots
  shift
  mkdir -p "$logs"
  while sleep 5 >/dev/null 2>&1; do printf .; done &
  dots=$!
  trap 'kill "$dots" 2>/dev/null' EXIT
  "$@" >"$log" 2>&1 </dev/null || status=$?
  kill "$dots" 2>/dev/null || true
  wait "$dots" 2>/dev/null || true
  trap - EXIT
  if [ "$status" -ne 0 ]; then
    printf ' failed after %d s, the end of %s:\n' $((SECONDS - start)) "$log" >&2
    tail -n 20 "$log" | sed 's/^/    /' >&2
    exit 1
  fi
  printf ' done in %d s\n' $((SECONDS - start))
}

# --- What must be on the machine -------------------------------------------------------------

problems=()

find_python() {
  local candidate
  for candidate in python3.11 python3 python; do
    if command -v "$candidate" >/dev/null 2>&1 &&
      "$candidate" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then
      command -v "$candidate"
      return
    fi
  done
  return 1
}

check_python() {
  if ! base_python=$(find_python); then
    problems+=("Python 3.11 (PyFlink needs this one): install python3.11 and python3.11-venv")
  elif ! "$base_python" -c 'import ensurepip, venv' 2>/dev/null; then
    problems+=("Python's venv module: install python3.11-venv")
  fi
}

check_java() {
  local java=${JAVA_HOME:+$JAVA_HOME/bin/}java version
  if ! version=$("$java" -version 2>&1); then
    problems+=("Java 17 or newer: install openjdk-17-jdk-headless, or set JAVA_HOME")
    return
  fi
  version=$(sed -n 's/.* version "\([0-9]*\).*/\1/p' <<<"$version" | head -n 1)
  [ "${version:-0}" -ge 17 ] ||
    problems+=("Java 17 or newer, found ${version:-an unknown version}: install one, or set JAVA_HOME")
}

check_maven() {
  command -v mvn >/dev/null 2>&1 ||
    problems+=("Maven, which fetches the Kafka jars: install maven")
  command -v "${JAVA_HOME:+$JAVA_HOME/bin/}javac" >/dev/null 2>&1 ||
    problems+=("javac, which compiles an operator: install openjdk-17-jdk-headless")
}

# available_mib: the memory that processes may still take, in this container too; nothing if unknown.
available_mib() {
  local free limit used
  free=$(awk '/^MemAvailable:/ {print int($2 / 1024)}' /proc/meminfo 2>/dev/null) || return 0
  limit=$(cat /sys/fs/cgroup/memory.max 2>/dev/null || echo max)
  if [ "$limit" != max ]; then
    used=$(awk '/^anon / {print $2}' /sys/fs/cgroup/memory.stat 2>/dev/null || echo 0)
    limit=$(((limit - used) / 1048576))
    [ "$limit" -lt "$free" ] && free=$limit
  fi
  echo "$free"
}

check_memory() {
  local available
  available=$(available_mib)
  [ -z "$available" ] || [ "$available" -ge 6000 ] ||
    problems+=("6 GB of free memory, found $available MB: end other programs")
}

check_disk() {
  local available
  available=$(df -Pk . | awk 'NR == 2 {print int($4 / 1024)}')
  [ "$available" -ge "$1" ] || problems+=("$1 MB of free disk space here, found $available MB")
}

begin "Prerequisites"
base_python=$python
if packages_current; then check_disk 2000; else check_python; check_disk 6000; fi
check_java
jars_current || check_maven
# What runs already has taken its memory.
compgen -G "$home/run/*.json" >/dev/null || check_memory
if [ ${#problems[@]} -gt 0 ]; then
  printf ' missing:\n' >&2
  printf '  - %s\n' "${problems[@]}" >&2
  exit 1
fi
printf ' all there\n'

# --- What is brought into the checkout -------------------------------------------------------

# In chains, because `set -e` does not hold inside of what `run` runs.
install_packages() {
  # A folder that was moved or half made has no Python that runs. What is imported gets compiled
  # then: to compile all there is would take longer than the rest.
  { "$python" -c 'import pip' || "$base_python" -m venv --clear .venv; } &&
    "$python" -m pip install --no-compile --disable-pip-version-check --require-hashes -r "$lock" &&
    cp "$lock" .venv/installed.lock
}

install_jars() {
  rm -rf "$jars" &&
    mvn --batch-mode --no-transfer-progress -f flink-conf/pom.xml package &&
    jars_made_of >"$jars/installed"
}

install_page() {
  PATH="$PWD/.venv/bin:$PATH" npm ci --prefix api --ignore-scripts --no-audit --no-fund &&
    cp api/package-lock.json "$page/installed.json"
}

if packages_current; then
  begin "Python packages"; printf ' unchanged\n'
else
  begin "Python packages from pip (about 2 min the first time)"; run pip install_packages
fi
if jars_current; then
  begin "Jars"; printf ' unchanged\n'
else
  begin "Jars from Maven (about 1 min the first time)"; run maven install_jars
fi
if page_current; then
  begin "Page assets"; printf ' unchanged\n'
else
  begin "Page assets from npm"; run npm install_page
fi
