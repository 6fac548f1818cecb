#!/usr/bin/env bash
# Every test: TypeScript units, Python units and services, then the browser's flows.
set -uo pipefail
cd "$(dirname "$0")/.."
bash scripts/debian-packages.sh
status=0
(cd web && npm test --silent) || status=1
.venv/bin/pytest -q -m "not browser" || status=1
.venv/bin/pytest -q -m browser || status=1
exit $status
