#!/usr/bin/env bash
# A bill of materials (CycloneDX) of what production runs, in build/: Python's packages as a fresh installation gets them,
# with their exact versions and licences, and the pages' packages as locked. `--audit` looks both up for known weaknesses
# instead, and fails where there is one, or where a package could not be looked up. Needs PyPI and npm.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p build
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/production"
"$folder/production/bin/pip" install --quiet --disable-pip-version-check .
"${PYTHON:-python3}" -m venv "$folder/tools"
"$folder/tools/bin/pip" install --quiet --disable-pip-version-check "cyclonedx-bom>=7.5" "pip-audit>=2.10"
if [ "${1:-}" = --audit ]; then
  "$folder/production/bin/pip" freeze --exclude hemmaplan >"$folder/versions.txt"
  status=0
  "$folder/tools/bin/pip-audit" --requirement "$folder/versions.txt" --no-deps --disable-pip --strict || status=1
  (cd web && npm audit --omit=dev --package-lock-only) || status=1
  exit $status
fi
"$folder/tools/bin/cyclonedx-py" environment "$folder/production" --pyproject pyproject.toml --mc-type application \
  --output-reproducible --output-file build/sbom-python.json
(cd web && npm sbom --sbom-format cyclonedx --omit dev --package-lock-only) >build/sbom-web.json
echo "build/sbom-python.json and build/sbom-web.json"
