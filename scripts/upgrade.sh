#!/usr/bin/env bash
# Puts in the job as it is now, with the code of this checkout and the settings of the environment:
# stops it with a savepoint and goes on from there.
#   scripts/upgrade.sh
#   TAPELINE_PARALLELISM=4 TAPELINE_SHARDS=32 scripts/upgrade.sh
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
case " $* " in *" -h "* | *" --help "*) usage "${BASH_SOURCE[0]}"; exit ;; esac

require_setup
exec "$python" -m scripts.stack.upgrade "$@"
