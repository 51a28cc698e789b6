#!/usr/bin/env bash
# Shows what runs of a local Tapeline; exit code 0 if all is well, else 1.
#   scripts/status.sh
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
case " $* " in *" -h "* | *" --help "*) usage "${BASH_SOURCE[0]}"; exit ;; esac

require_setup
exec "$python" -m scripts.stack.status "$@"
