#!/bin/sh
# Puts the compose stack back to what backup.sh has copied. What it holds now is lost. The site is down meanwhile.
#   usage: restore.sh FOLDER
set -eu

folder=$(cd "${1:?usage: restore.sh FOLDER}" && pwd)
cd "$(dirname "$0")/../.."
for file in redis.rdb mysql.sql; do
  [ -s "$folder/$file" ] || { echo "$folder/$file is not there" >&2; exit 1; }
done

docker compose up --wait mysql
docker compose stop web daemon redis

docker compose exec -T mysql sh -c \
  'MYSQL_PWD=$(cat /run/secrets/mysql_root_password) exec mysql -u root' <"$folder/mysql.sql"

# With its append-only file on, Redis would not look at the copy: it is read by a server without one, which then writes it.
docker compose run --rm -T --no-deps redis sh -c '
  set -eu
  rm -rf /data/appendonlydir
  cat >/data/dump.rdb
  redis-server --dir /data --port 0 --unixsocket /data/restore.sock --appendonly no --save "" --loglevel warning &
  cli="redis-cli -s /data/restore.sock"
  until [ "$($cli ping 2>/dev/null)" = PONG ]; do kill -0 $!; sleep 0.2; done
  $cli config set appendonly yes
  while $cli info persistence | grep -qE "aof_rewrite_(in_progress|scheduled):1"; do sleep 0.2; done
  $cli info persistence | grep -q "aof_last_bgrewrite_status:ok"
  $cli shutdown nosave
  rm -f /data/dump.rdb' <"$folder/redis.rdb"

docker compose up --wait
