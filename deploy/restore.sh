#!/bin/sh
# Restores the compose stack from a copy of backup.sh; its current data is replaced. Both copies are checked,
# loaded beside the data in use, and counted; only then does the site go down, for the switch. If any step fails, the old
# data stays, or comes back.
#   usage: restore.sh FOLDER
set -eu

folder=$(cd "${1:?usage: restore.sh FOLDER}" && pwd)
cd "$(dirname "$0")/.."
. deploy/restore_steps.sh

for file in redis.rdb mysql.sql; do
  [ -s "$folder/$file" ] || fail "$folder/$file is not there"
done
trap 'remove_loaded' EXIT
trap 'exit 130' INT TERM HUP
check_files

say 'the copies are whole; loading them beside the data in use'
docker compose up --wait --no-recreate mysql redis
undo_cut_off
load_mysql
load_redis

say 'loaded and counted; switching'
trap 'undo_after_failure' EXIT
docker compose stop web daemon redis
switch_redis
switch_mysql
docker compose up --wait

trap - EXIT
remove_old
say "done: the stack is as it was at $(manifest redis_taken 'the backup')"
