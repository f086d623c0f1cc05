# The steps of restore.sh, which reads this file; `folder` holds the copies.
# What is loaded waits in the database etuservices_restore and in /data/restore, what was in use is kept in
# etuservices_before and in /data/before until the stack runs again.

say() { echo "restore: $*" >&2; }
fail() { say "$*"; exit 1; }

# Each reads its command's standard input.
in_mysql() { docker compose exec -T mysql sh -euc "export MYSQL_PWD=\$(cat /run/secrets/mysql_root_password); $1"; }
in_redis() { docker compose run --rm -T --no-deps redis sh -euc "$1"; }
ask_mysql() { in_mysql 'exec mysql -u root -N' </dev/stdin; }

# NAME DEFAULT: the value in the manifest, or the default, as copies of earlier versions have no manifest.
manifest() { { [ -f "$folder/manifest.txt" ] && sed -n "s/^$1: //p" "$folder/manifest.txt"; } || echo "${2:-}"; }

digest() { if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi <"$1" | cut -d ' ' -f 1; }

check_files() {
  for name in redis.rdb mysql.sql; do
    expected=$(manifest "${name%.*}_sha256")
    [ -z "$expected" ] || [ "$(digest "$folder/$name")" = "$expected" ] ||
      fail "$name is not the file that the manifest describes: cut off or changed"
  done
  tail -n 1 "$folder/mysql.sql" | grep -q '^-- Dump completed' || fail 'mysql.sql is cut off'
  in_redis 'rm -rf /data/restore; mkdir /data/restore; cat >/data/restore/dump.rdb
    redis-check-rdb /data/restore/dump.rdb >/data/restore/check.log || { tail -n 5 /data/restore/check.log >&2; exit 1; }' \
    <"$folder/redis.rdb" || fail 'redis.rdb is cut off or damaged'
}

tables_of() { echo "SELECT table_name FROM information_schema.tables WHERE table_schema = '$1' ORDER BY 1" | ask_mysql; }

rows_of() { # DATABASE
  count='SELECT 0'
  for table in $(tables_of "$1"); do count="$count + (SELECT COUNT(*) FROM \`$1\`.\`$table\`)"; done
  echo "$count" | ask_mysql
}

# The dump names its database only in its header; no line of data can begin so.
load_mysql() {
  echo 'DROP DATABASE IF EXISTS etuservices_restore; CREATE DATABASE etuservices_restore CHARACTER SET utf8mb4' | ask_mysql
  sed -e '/^CREATE DATABASE /d' -e '/^USE `etuservices`;$/d' "$folder/mysql.sql" |
    in_mysql 'exec mysql -u root etuservices_restore' || fail 'mysql.sql cannot be loaded'
  tables=$(grep -c '^CREATE TABLE ' "$folder/mysql.sql" || true)
  loaded=$(tables_of etuservices_restore | grep -c . || true)
  [ "$tables" -gt 0 ] && [ "$loaded" = "$tables" ] || fail "mysql.sql has $tables tables, and $loaded were loaded"
  rows=$(manifest mysql_rows)
  loaded=$(rows_of etuservices_restore)
  [ -z "$rows" ] || [ "$loaded" = "$rows" ] || fail "mysql.sql has $rows rows, and $loaded were loaded"
  say "MySQL: $tables tables, $loaded rows"
}

# With its append-only file on, Redis would not look at the copy: it is read by a server without one, which then writes it.
load_redis() {
  in_redis '
    cd /data/restore
    keys=$(sed -n "s/.*\[info\] \([0-9]*\) keys read.*/\1/p" check.log)
    redis-server --dir /data/restore --port 0 --unixsocket /tmp/restore.sock --appendonly no --save "" \
      --loglevel warning >server.log &
    cli="redis-cli -s /tmp/restore.sock"
    until [ "$($cli ping 2>/dev/null)" = PONG ]; do kill -0 $! || { cat server.log >&2; exit 1; }; sleep 0.2; done
    number() { $cli info persistence | tr -d "\r" | sed -n "s/^$1://p"; }
    loaded=$(number rdb_last_load_keys_loaded) expired=$(number rdb_last_load_keys_expired)
    echo "restore: Redis: $keys keys, of which $expired have expired since" >&2
    [ $((loaded + expired)) = "$keys" ] || { echo "restore: only $loaded were loaded" >&2; exit 1; }
    $cli config set appendonly yes >/dev/null
    while $cli info persistence | grep -qE "aof_rewrite_(in_progress|scheduled):1"; do sleep 0.2; done
    [ "$(number aof_last_bgrewrite_status)" = ok ]
    $cli shutdown nosave
    wait $!
    redis-check-aof appendonlydir/appendonly.aof.manifest >/dev/null' </dev/null || fail 'redis.rdb cannot be loaded'
}

# Moves all tables in one statement, which MySQL does completely or not at all. FROM TO [FROM TO].
move_tables() {
  moves=
  while [ $# -gt 0 ]; do
    for table in $(tables_of "$1"); do moves="$moves, \`$1\`.\`$table\` TO \`$2\`.\`$table\`"; done
    shift 2
  done
  [ -z "$moves" ] || echo "RENAME TABLE ${moves#, }" | ask_mysql
}

switch_mysql() {
  echo 'DROP DATABASE IF EXISTS etuservices_before; CREATE DATABASE etuservices_before CHARACTER SET utf8mb4' | ask_mysql
  move_tables etuservices etuservices_before etuservices_restore etuservices
}

# Redis, if started between the two moves, puts the old folder back (docker-compose.yml).
switch_redis() {
  in_redis 'mkdir -p /data/before; mv /data/appendonlydir /data/before/; mv /data/restore/appendonlydir /data/' </dev/null
}

remove_loaded() {
  { echo 'DROP DATABASE IF EXISTS etuservices_restore' | ask_mysql && in_redis 'rm -rf /data/restore' </dev/null; } ||
    say 'what was loaded beside the data in use is still there; the next restore removes it'
  say 'failed; nothing has changed'
}

remove_old() {
  echo 'DROP DATABASE IF EXISTS etuservices_before; DROP DATABASE IF EXISTS etuservices_restore' | ask_mysql
  in_redis 'rm -rf /data/before /data/restore' </dev/null
}

put_back() {
  docker compose stop web daemon redis
  in_redis 'if [ -e /data/before/appendonlydir ]; then
    rm -rf /data/restore /data/appendonlydir; mv /data/before/appendonlydir /data/; fi' </dev/null
  if [ -n "$(tables_of etuservices_before)" ]; then
    echo 'DROP DATABASE IF EXISTS etuservices_restore; CREATE DATABASE etuservices_restore' | ask_mysql
    move_tables etuservices etuservices_restore etuservices_before etuservices
  fi
  remove_old
}

undo_after_failure() {
  say 'failed; putting the old data back'
  put_back && docker compose up --wait && say 'the old data is in place' ||
    say 'the old data is not in place yet: run restore.sh again, which begins with that'
}

# A restore that was killed has left what was in use before it.
undo_cut_off() {
  kept=$(in_redis 'ls /data/before 2>/dev/null || true' </dev/null)
  [ -n "$kept$(tables_of etuservices_before)" ] || return 0
  say 'an earlier restore was cut off; first, what was there before it'
  put_back
  docker compose up --wait
  check_files
}
