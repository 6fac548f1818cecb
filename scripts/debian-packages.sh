#!/usr/bin/env bash
# Installs the Debian packages the tests start as processes, when run as root; else names what is missing.
# Nothing is skipped in silence: tests that lack their program say so in pytest's summary.
set -uo pipefail
declare -A program=(
  [chromium]=/usr/bin/chromium
  [firefox-esr]=/usr/bin/firefox-esr
  [redis-server]=/usr/bin/redis-server
  [postgresql]=/usr/lib/postgresql
  [coturn]=/usr/bin/turnserver
  [iproute2]=/usr/sbin/ip
  [nftables]=/usr/sbin/nft
  [gcc]=/usr/bin/gcc
  [python3-dev]="$(python3 -c 'import sysconfig; print(sysconfig.get_path("include"))')/Python.h"
  [libc6-dev]=/usr/include/stdlib.h
)
missing=()
for package in "${!program[@]}"; do
  [ -e "${program[$package]}" ] || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
  echo "Installing ${missing[*]} ..."
  export DEBIAN_FRONTEND=noninteractive
  { apt-get update -qq && apt-get install -y -qq --no-install-recommends "${missing[@]}"; } >/dev/null 2>&1 ||
    echo "Could not install ${missing[*]}; what needs them is skipped."
else
  echo "Not installed: ${missing[*]}. What needs them is skipped. To install: sudo apt-get install ${missing[*]}"
fi
exit 0
