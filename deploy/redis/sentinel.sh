#!/bin/sh
# A Sentinel, for docker-compose.sentinel.yml. REDIS_ADDRESS: its own address; REDIS_FIRST_MASTER: that of the master at the first start. What it
# learns it writes into its configuration, which stays on the volume; the passwords in it are those of the secrets at each start.
set -eu
umask 077
file=/data/sentinel.conf

[ -e "$file" ] || echo "sentinel monitor quota $REDIS_FIRST_MASTER 6379 2" >"$file"
{
  grep -vE '^(sentinel (announce-ip|auth-user|auth-pass|sentinel-user|sentinel-pass|down-after-milliseconds|failover-timeout) |requirepass |user |protected-mode )' "$file"
  echo "sentinel announce-ip $REDIS_ADDRESS"
  echo 'sentinel auth-user quota sentinel'
  echo "sentinel auth-pass quota $(cat /run/secrets/redis_sentinel_password)"
  echo 'sentinel down-after-milliseconds quota 3000'
  echo 'sentinel failover-timeout quota 20000'
  echo "requirepass $(cat /run/secrets/sentinel_password)"
  echo "sentinel sentinel-pass $(cat /run/secrets/sentinel_password)"
  echo 'protected-mode no'
} >"$file.part"
mv "$file.part" "$file"
exec redis-server "$file" --sentinel
