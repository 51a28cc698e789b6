# Sourced by the other scripts: the checkout as current folder, and nothing of another Python's.
cd "$(dirname "${BASH_SOURCE[0]}")/.."
unset PYTHONPATH PYTHONHOME VIRTUAL_ENV PIP_USER PIP_TARGET PIP_PREFIX
python=$PWD/.venv/bin/python
home=${TAPELINE_HOME:-$PWD/.tapeline}

# usage FILE: the comment at the top of a script is its help.
usage() {
  sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$1"
}

# require_setup: for scripts that only look or end things.
require_setup() {
  [ -x "$python" ] || { echo "nothing is set up yet: run scripts/start.sh" >&2; exit 1; }
}
