#!/bin/sh
# A server of the Redis Cluster, for docker-compose.cluster.yml. REDIS_NAME: its own name; REDIS_PEERS: those of all.
set -eu

ask() { # a command; the password is on no command line
  { printf 'AUTH default %s\n' "$(cat /run/secrets/redis_password)"; echo "$*"; } | redis-cli 2>&1 || true
}

# Servers know each other by address, and after a restart of the whole stack all addresses may be others. So a server that was
# in a Cluster introduces itself to the others by their names, until all slots are served.
introduce() {
  until ask CLUSTER INFO | grep -q cluster_state:ok; do
    for peer in $REDIS_PEERS; do
      address=$(getent hosts "$peer" | cut -d ' ' -f 1 | head -n 1)
      [ -z "$address" ] || ask CLUSTER MEET "$address" 6379 >/dev/null
    done
    sleep 1
  done
}

if [ "$(grep -c ' connected' /data/nodes.conf 2>/dev/null)" -gt 1 ] 2>/dev/null; then introduce & fi

# A full memory refuses what is new, and never forgets what was counted.
exec redis-server - \
  --cluster-enabled yes \
  --cluster-config-file nodes.conf \
  --cluster-node-timeout 5000 \
  --cluster-require-full-coverage no \
  --cluster-announce-hostname "$REDIS_NAME" \
  --cluster-preferred-endpoint-type hostname \
  --repl-diskless-sync-delay 0 \
  --protected-mode no \
  --aclfile /run/secrets/redis_users.acl \
  --dir /data \
  --save "" \
  --appendonly yes \
  --appendfsync everysec \
  --maxmemory 256mb \
  --maxmemory-policy noeviction \
  --lazyfree-lazy-expire yes <<CONF
masteruser replica
masterauth $(cat /run/secrets/redis_replica_password)
CONF
