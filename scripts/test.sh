#!/usr/bin/env bash
# Every test: TypeScript units, Python units and services, the compiled media path, then the browser's flows.
set -uo pipefail
cd "$(dirname "$0")/.."
bash scripts/debian-packages.sh
status=0
(cd web && npm test --silent) || status=1
.venv/bin/pytest -q -m "not browser" || status=1
# The media path once more as it runs in production. Modules come from build/compiled, tests from here.
if command -v gcc >/dev/null && [ -e "$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("include"))')/Python.h" ]; then
  { make --silent compiled &&
    PYTHONPATH=build/compiled .venv/bin/python -P -c 'from sfu.server import IS_COMPILED; exit(not IS_COMPILED)' &&
    PYTHONPATH=build/compiled .venv/bin/pytest -q --import-mode=append -m "not browser and not stand_in" tests/sfu; } || status=1
else
  echo "gcc or Python.h is missing: the compiled media path is not tested."
fi
.venv/bin/pytest -q -m browser || status=1
exit $status
