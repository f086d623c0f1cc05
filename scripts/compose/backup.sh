#!/bin/sh
# Copies what the running compose stack holds into a folder, with no interruption: redis.rdb and mysql.sql, each as it
# stood at one moment.
#   usage: backup.sh FOLDER
set -eu

folder=${1:?usage: backup.sh FOLDER}
umask 077
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
cd "$(dirname "$0")/../.."

docker compose exec -T redis sh -c '
  set -eu
  trap "rm -f /data/backup.rdb" EXIT
  REDISCLI_AUTH=$(cat /run/secrets/redis_password) redis-cli --rdb /data/backup.rdb >&2
  redis-check-rdb /data/backup.rdb >&2
  cat /data/backup.rdb' >"$folder/redis.rdb.part" 2>"$folder/redis.log" || { cat "$folder/redis.log" >&2; exit 1; }

docker compose exec -T mysql sh -c '
  export MYSQL_PWD=$(cat /run/secrets/mysql_root_password)
  exec mysqldump -u root --single-transaction --set-gtid-purged=OFF --databases etuservices' >"$folder/mysql.sql.part"

# A copy that was cut off must never pass for a whole one.
tail -n 1 "$folder/mysql.sql.part" | grep -q '^-- Dump completed'
mv "$folder/redis.rdb.part" "$folder/redis.rdb"
mv "$folder/mysql.sql.part" "$folder/mysql.sql"
rm "$folder/redis.log"
ls -l "$folder"
