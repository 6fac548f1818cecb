#!/usr/bin/env bash
# Makes the secrets compose.yaml reads, once; what exists is kept. BankID's files come from your bank.
set -euo pipefail
cd "$(dirname "$0")/.."
# The folder is yours alone; the files in it are readable, since containers read them as users of their own.
mkdir -p secrets
chmod 700 secrets
umask 022
random() { head -c 32 /dev/urandom | base64 | tr -d '+/=\n'; }
make() { [ -s "secrets/$1" ] || printf '%s' "$2" >"secrets/$1"; }
make secret "$(random)"
make media_api_secret "$(random)"
make turn_secret "$(random)"
make coturn-local.conf "realm=turn.localhost"
make livekit_keys "hemmaplan: $(cat secrets/media_api_secret)"
make postgres_password "$(random)"
make postgres_owner_password "$(random)"
make postgres_serve_password "$(random)"
make redis_password "$(random)"
make database_url "postgresql+asyncpg://hemmaplan:$(cat secrets/postgres_serve_password)@postgres/hemmaplan"
make owner_database_url "postgresql+asyncpg://hemmaplan_owner:$(cat secrets/postgres_owner_password)@postgres/hemmaplan"
make redis_url "redis://:$(cat secrets/redis_password)@redis:6379/0"
[ -n "${HEMMAPLAN_SUPPORT_PHONE:-}" ] || echo "Set HEMMAPLAN_SUPPORT_PHONE to the number people call for help"
for name in bankid.crt bankid.key bankid-root.crt; do
  [ -s "secrets/$name" ] || echo "Put your BankID file at secrets/$name"
done
