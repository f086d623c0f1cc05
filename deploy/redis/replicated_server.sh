#!/bin/sh
# A server that Sentinels watch, for docker-compose.sentinel.yml. REDIS_ADDRESS: its own address; REDIS_FIRST_MASTER: that of the
# server that is the master at the first start. Later the Sentinels say which one is: they write it into the configuration, which
# stays on the volume.
set -eu
umask 077
file=/data/server.conf

if [ -e "$file" ]; then
  role=$(grep '^replicaof ' "$file" || true)
elif [ "$REDIS_ADDRESS" = "$REDIS_FIRST_MASTER" ]; then
  role=
else
  role="replicaof $REDIS_FIRST_MASTER 6379"
fi
cat >"$file.part" <<CONF
masteruser replica
masterauth $(cat /run/secrets/redis_replica_password)
$role
CONF
mv "$file.part" "$file"

# A full memory refuses what is new, and never forgets what was counted. A master without a replica that keeps up refuses writes,
# so that one that is cut off loses seconds at most.
exec redis-server "$file" \
  --replica-announce-ip "$REDIS_ADDRESS" \
  --replica-announce-port 6379 \
  --min-replicas-to-write 1 \
  --min-replicas-max-lag 5 \
  --repl-ping-replica-period 1 \
  --repl-diskless-sync-delay 0 \
  --protected-mode no \
  --aclfile /run/secrets/redis_users.acl \
  --dir /data \
  --save "" \
  --appendonly yes \
  --appendfsync everysec \
  --maxmemory 256mb \
  --maxmemory-policy noeviction \
  --lazyfree-lazy-expire yes
