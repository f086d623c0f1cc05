#!/usr/bin/env bash
# Whether HAProxy has a daemon to send calls to. The image has no curl.
set -eu
exec 3<>/dev/tcp/127.0.0.1/8404
printf 'GET /readyz HTTP/1.0\r\n\r\n' >&3
read -r _ code _ <&3
[ "$code" = 200 ]
