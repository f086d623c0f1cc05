#!/bin/sh
# Makes the secrets of docker-compose.yml, at random; those that are there already stay as they are.
#   usage: secrets.sh [FOLDER]      secrets/ in the project unless given
# The folder is closed to all but its owner. The files in it are not, as each is mounted by itself in a container, whose
# user has another number than their owner.
set -eu

folder=${1:-$(dirname "$0")/../../secrets}
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

for name in redis_password mysql_root_password mysql_password session_secret grafana_password; do
  [ -s "$name" ] || random | put "$name"
done

for name in web_token operator_token; do
  [ -s "$name" ] || { printf 'quota_' && random; } | put "$name"
done

# Whom the daemon knows, by their tokens' digests. The folder is mounted as one, so that a change is seen at once.
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

# Earlier versions made the web tier a caller, which may not show a student's quota to the staff.
earlier='/^ *- name: web$/,/^ *role: / s/^\( *role: \)caller$/\1site/'
if [ "$(sed "$earlier" access/access.yaml)" != "$(cat access/access.yaml)" ]; then
  sed "$earlier" access/access.yaml | put access/access.yaml
  echo 'The web tier has the role site now, in access/access.yaml.'
fi

# Redis keeps the password's digest alone. The user `health` may do nothing but PING.
put redis_users.acl <<ACL
user default on #$(digest <redis_password) ~* &* +@all
user health on nopass resetkeys resetchannels -@all +ping
ACL

echo "The secrets are in $(pwd)."
