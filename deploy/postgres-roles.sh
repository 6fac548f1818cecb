#!/usr/bin/env bash
# Run by the postgres image when it makes its database (docker-entrypoint-initdb.d), as the superuser.
set -euo pipefail
psql --no-psqlrc --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" --file /etc/hemmaplan/postgres-roles.sql \
  --set owner_password="$(cat /run/secrets/postgres_owner_password)" \
  --set password="$(cat /run/secrets/postgres_serve_password)"
