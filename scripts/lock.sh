#!/usr/bin/env bash
# Renews both lock files from pyproject.toml (needs uv on the PATH). Run it after a change of dependencies.
set -euo pipefail
cd "$(dirname "$0")/.."
options=(--quiet --python-version 3.11 --generate-hashes --no-annotate --no-header pyproject.toml)
uv pip compile "${options[@]}" --extra job --extra api --extra scripts --extra client -o requirements.lock
uv pip compile "${options[@]}" --all-extras -c requirements.lock -o requirements-dev.lock
