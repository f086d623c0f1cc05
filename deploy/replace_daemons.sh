#!/bin/sh
# Replaces the daemons of docker-compose.cluster.yml one after the other, each after its drain, while the others serve: by another
# version, or with other settings or secrets. COMPOSE_FILE names the two files, in the environment or in .env.
#   usage: replace_daemons.sh
set -eu
cd "$(dirname "$0")/.."

for container in $(docker compose ps --quiet daemon); do
  docker stop "$container" >/dev/null
  docker rm "$container" >/dev/null
  docker compose up --wait --no-deps --no-recreate daemon
done
