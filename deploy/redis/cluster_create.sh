#!/bin/sh
# Runs once at each `up` of docker-compose.cluster.yml: joins the servers into a Cluster if they are none yet, and ends once all
# slots are served. REDIS_PEERS: the names of the servers, masters and replicas.
set -eu

# For this container alone, which ends.
REDISCLI_AUTH=$(cat /run/secrets/redis_password)
export REDISCLI_AUTH

first=${REDIS_PEERS%% *}
says() { redis-cli -h "$first" CLUSTER INFO | grep -q "$1"; }

if says '^cluster_known_nodes:1[^0-9]*$' && says '^cluster_slots_assigned:0[^0-9]*$'; then
  addresses=
  for peer in $REDIS_PEERS; do
    address=$(getent hosts "$peer" | cut -d ' ' -f 1 | head -n 1)
    [ -n "$address" ] || { echo "$peer has no address" >&2; exit 1; }
    addresses="$addresses $address:6379"
  done
  # shellcheck disable=SC2086 # one word for each server
  redis-cli --cluster create $addresses --cluster-replicas 1 --cluster-yes
fi

left=60
until says cluster_state:ok && says '^cluster_slots_assigned:16384[^0-9]*$'; do
  left=$((left - 1))
  [ "$left" -gt 0 ] || { echo 'the Cluster does not serve all slots:' >&2; redis-cli -h "$first" CLUSTER NODES >&2; exit 1; }
  sleep 1
done
