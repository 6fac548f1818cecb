#!/usr/bin/env bash
# Builds livekit-server into build/bin, for the tests that run meetings on a real one. Needs Go and its module proxy;
# where they are not reached it says so and leaves those tests to be skipped.
set -uo pipefail
cd "$(dirname "$0")/.."
version=v1.13.5
target="$PWD/build/bin"
if [ -x "$target/livekit-server" ] && [ "$("$target/livekit-server" --version)" = "livekit-server version ${version#v}" ]; then
  exit 0
fi
if ! command -v go >/dev/null; then
  echo "livekit-server is not built: Go is not installed. Tests that need it are skipped."
  exit 0
fi
mkdir -p "$target"
echo "Building livekit-server $version; this takes some minutes the first time ..."
if GOBIN="$target" nice timeout 900 go install "github.com/livekit/livekit-server/cmd/server@$version" >"$target/build.log" 2>&1; then
  mv "$target/server" "$target/livekit-server"
  rm "$target/build.log"
else
  echo "livekit-server is not built ($(tail -n 1 "$target/build.log")). Tests that need it are skipped."
fi
