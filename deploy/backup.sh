#!/bin/sh
# Copies the data of the running compose stack into a folder, under traffic: redis.rdb and mysql.sql, each as it was
# at one moment, and manifest.txt, with the times of those moments, the gap between them, and the contents of the copies.
#   usage: backup.sh FOLDER
set -eu

folder=${1:?usage: backup.sh FOLDER}
umask 077
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
cd "$(dirname "$0")/.."

part=$(mktemp -d "$folder/.part.XXXXXX")
trap 'rm -rf "$part"' EXIT

# The check also prints when Redis took the copy, and how many keys are in it.
copy_redis() {
  docker compose exec -T redis sh -c '
    set -eu
    trap "rm -f /data/backup.rdb" EXIT
    REDISCLI_AUTH=$(cat /run/secrets/redis_password) redis-cli --rdb /data/backup.rdb >&2
    redis-check-rdb /data/backup.rdb >&2
    cat /data/backup.rdb' >"$part/redis.rdb" 2>"$part/redis.log"
}

# One row a line, so that a restore can count them.
copy_mysql() {
  docker compose exec -T mysql sh -c '
    export MYSQL_PWD=$(cat /run/secrets/mysql_root_password)
    date +%s >&2
    exec mysqldump -u root --single-transaction --set-gtid-purged=OFF --skip-extended-insert --no-autocommit \
      --databases etuservices' >"$part/mysql.sql" 2>"$part/mysql.log"
}

# Both begin at the same moment.
copy_redis &
redis=$!
copy_mysql &
mysql=$!
wait "$redis" || { cat "$part/redis.log" >&2; kill "$mysql" 2>/dev/null || true; exit 1; }
wait "$mysql" || { cat "$part/mysql.log" >&2; exit 1; }

# An incomplete copy must never pass for a complete one.
tail -n 1 "$part/mysql.sql" | grep -q '^-- Dump completed' || { echo 'mysql.sql was cut off' >&2; exit 1; }

digest() { if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi <"$1" | cut -d ' ' -f 1; }
from_log() { sed -n "s/$1/\\1/p" "$part/redis.log" | head -n 1; }

redis_taken=$(from_log ".*AUX FIELD ctime = '\\([0-9]*\\)'.*")
mysql_taken=$(head -n 1 "$part/mysql.log")
apart=$((redis_taken - mysql_taken))
in_words() { docker compose exec -T mysql date -u -d "@$1" +%Y-%m-%dT%H:%M:%SZ </dev/null; }

cat >"$part/manifest.txt" <<MANIFEST
redis_taken: $(in_words "$redis_taken")
mysql_taken: $(in_words "$mysql_taken")
apart_seconds: ${apart#-}
redis_keys: $(from_log '.*\[info\] \([0-9]*\) keys read.*')
mysql_tables: $(grep -c '^CREATE TABLE ' "$part/mysql.sql")
mysql_rows: $(grep -c '^INSERT INTO ' "$part/mysql.sql" || true)
redis_sha256: $(digest "$part/redis.rdb")
mysql_sha256: $(digest "$part/mysql.sql")
MANIFEST

# The manifest goes last: it vouches for the other two.
rm -f "$folder/manifest.txt"
for file in redis.rdb mysql.sql manifest.txt; do mv "$part/$file" "$folder/$file"; done
cat "$folder/manifest.txt"
