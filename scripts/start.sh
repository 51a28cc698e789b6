#!/usr/bin/env bash
# Starts a local Tapeline: Kafka, Flink, the job, a made-up market and the API. What runs stays.
#   scripts/start.sh [--no-generator] [--fresh]
#     --no-generator  do not start the made-up market
#     --fresh         start the job without the state of its last run
# Ports and sizes: TAPELINE_KAFKA_PORT, TAPELINE_FLINK_PORT, TAPELINE_API_PORT,
# TAPELINE_PARALLELISM, TAPELINE_GENERATOR_RATE, TAPELINE_HOME and more (scripts/stack/settings.py).
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
case " $* " in *" -h "* | *" --help "*) usage "${BASH_SOURCE[0]}"; exit ;; esac

scripts/setup.sh --total 9
exec "$python" -m scripts.stack.up --done 4 "$@"
