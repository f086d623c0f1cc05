#!/bin/sh
# Generates random secrets for docker-compose.yml; existing ones are kept.
#   usage: secrets.sh [FOLDER]      secrets/ in the project unless given
# The folder is closed to all but its owner. The files in it are not, as each is mounted by itself in a container, whose
# user has another number than their owner.
set -eu

folder=${1:-$(dirname "$0")/../secrets}
umask 077
mkdir -p "$folder"
chmod 700 "$folder"
cd "$folder"

# 32 random bytes, in hexadecimal: they need no quoting anywhere.
random() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }

digest() { # of standard input
  if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi | cut -d ' ' -f 1
}

put() { # NAME: standard input, whole or not at all
  cat >"$1.part"
  chmod 644 "$1.part"
  mv "$1.part" "$1"
}

for name in redis_password redis_quota_password redis_replica_password redis_sentinel_password sentinel_password \
  mysql_root_password mysql_password mysql_site_password session_secret log_secret grafana_password; do
  [ -s "$name" ] || random | put "$name"
done

for name in web_token operator_token; do
  [ -s "$name" ] || { printf 'quota_' && random; } | put "$name"
done

# The daemon's callers, by the digests of their tokens. The whole folder is mounted, so that a change is seen at once.
mkdir -p access
chmod 755 access
[ -s access/access.yaml ] || put access/access.yaml <<ACCESS
identities:
  - name: web
    role: site
    token_sha256: $(digest <web_token)
  - name: operator
    role: operator
    token_sha256: $(digest <operator_token)
ACCESS

# An existing access file is never rewritten: after a rollback, the previous version must be able to read it.
if sed -n '/^ *- name: web$/,/^ *role: /p' access/access.yaml | grep -q 'role: caller$'; then
  echo 'The web tier is a caller in access/access.yaml, so its pages show no quota: see docs/operations.md, "Upgrade".'
fi

# MySQL's certificate, self-signed, which its clients trust.
if [ ! -s mysql_tls.pem ] || [ ! -s mysql_tls.key ]; then
  command -v openssl >/dev/null || { echo 'openssl is needed, to make the certificate of MySQL' >&2; exit 1; }
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj /CN=mysql \
    -addext 'subjectAltName=DNS:mysql,DNS:localhost,IP:127.0.0.1' -keyout mysql_tls.key.new -out mysql_tls.pem.new 2>openssl.log ||
    { cat openssl.log >&2; exit 1; }
  put mysql_tls.key <mysql_tls.key.new
  put mysql_tls.pem <mysql_tls.pem.new
  rm mysql_tls.key.new mysql_tls.pem.new openssl.log
fi

# The commands of the daemon's Redis user: those that its scripts need. It can neither change settings, list all keys, nor
# empty a database; it reads settings, as its promises depend on some.
commands='
  auth hello ping quit select readwrite readonly asking cluster|slots time info config|get client|setname client|setinfo client|id wait waitaof
  multi exec discard publish subscribe unsubscribe
  eval evalsha script|load script|exists fcall fcall_ro function|load function|list function|delete
  del unlink rename exists type scan memory|usage expire pexpire expireat pexpireat ttl pttl expiretime pexpiretime persist
  get set mget incr incrby decr decrby strlen
  hget hset hsetnx hmget hgetall hkeys hvals hlen hdel hexists hincrby hscan
  sadd srem smembers sismember smismember srandmember spop scard sscan
  zadd zcard zcount zincrby zrange zrank zrevrank zrandmember zpopmin zrem zremrangebyrank zremrangebyscore zscore zmscore zscan
  xadd xrange xrevrange xread xtrim xlen xdel xinfo|stream'

# The keys that the daemon builds (daemon/redis/keys.ts), by their first word; nothing else holds any of its data.
keys='admissions audit bucket calls control denials erasures fleet overrides probe requests shadow taken usage'

quota_may() {
  printf 'resetkeys ~partitions'
  # Those of the calls have a word before, if both are in one Cluster.
  for word in $keys; do printf ' ~%s:{* ~calls:%s:{*' "$word" "$word"; done
  printf ' resetchannels &* -@all'
  for command in $commands; do printf ' +%s' "$command"; done
}

# Redis keeps only the passwords' digests. `default` is the operators', `quota` the daemon's; `health` may do nothing
# but PING, `replica` nothing but replicate, `sentinel` what a Sentinel needs to watch servers and to promote one.
put redis_users.acl <<ACL
user default on #$(digest <redis_password) ~* &* +@all
user quota on #$(digest <redis_quota_password) $(quota_may)
user replica on #$(digest <redis_replica_password) resetkeys resetchannels -@all +psync +replconf +ping
user sentinel on #$(digest <redis_sentinel_password) resetkeys resetchannels &__sentinel__:hello -@all +ping +info +role +multi +exec +publish +subscribe +slaveof +replicaof +config|rewrite +client|setname +client|kill +script|kill
user health on nopass resetkeys resetchannels -@all +ping
ACL

echo "The secrets are in $(pwd)."
