#!/usr/bin/env bash
# Every test: TypeScript units, Python units and services, the compiled media path, then the browser's flows.
set -uo pipefail
cd "$(dirname "$0")/.."
bash scripts/debian-packages.sh
status=0
said=$(mktemp)
trap 'rm -f "$said"' EXIT
export COLUMNS=160 # pytest cuts each reason to the width
stage() { "$@" 2>&1 | tee -a "$said" || status=1; }
NO_COLOR=1 stage npm --prefix web test --silent
stage .venv/bin/pytest -q -m "not browser"
# The media path once more as it runs in production. Modules come from build/compiled, tests from here.
if command -v gcc >/dev/null && [ -e "$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("include"))')/Python.h" ]; then
  if make --silent compiled &&
    PYTHONPATH=build/compiled .venv/bin/python -P -c 'from sfu.server import IS_COMPILED; exit(not IS_COMPILED)'; then
    PYTHONPATH=build/compiled stage .venv/bin/pytest -q --import-mode=append -m "not browser and not stand_in" tests/sfu
  else
    echo "ERROR the compiled media path does not build" | tee -a "$said"
    status=1
  fi
else
  echo "gcc or Python.h is missing: the compiled media path is not tested."
fi
stage .venv/bin/pytest -q -m browser
if [ $status != 0 ]; then
  echo "What failed, of all stages, each with its reason:"
  grep -hE '^(FAILED|ERROR) |^ *(FAIL|×) ' "$said" | cut -c1-300 | sort -u | head -n 30
fi
exit $status
