#!/bin/sh
# The log of one or more services in readable form: times in UTC, one line for each entry.
#   usage: logs.sh [options of docker compose logs] SERVICE…      for example: logs.sh --since 30m daemon web
set -eu
cd "$(dirname "$0")/.."

# Some versions of Compose put a control sequence before each line.
docker compose logs --no-log-prefix "$@" | sed 's/^[^{]*{/{/' |
  docker compose run --rm -T --no-deps daemon node_modules/.bin/pino-pretty \
    --translateTime 'UTC:yyyy-mm-dd HH:MM:ss.l' --ignore pid,hostname --singleLine
