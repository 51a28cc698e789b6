#!/usr/bin/env bash
# Stops a local Tapeline; the next start goes on where it was.
#   scripts/stop.sh [--clean]
#     --clean  delete its topics, checkpoints and logs too
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
case " $* " in *" -h "* | *" --help "*) usage "${BASH_SOURCE[0]}"; exit ;; esac

require_setup
exec "$python" -m scripts.stack.down "$@"
