#!/bin/sh
# What the tests need beyond Python: a PostgreSQL server and Chromium.
# As root on Debian they are installed; elsewhere the missing ones are named.
set -eu

missing=""
ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || command -v postgres >/dev/null 2>&1 || missing="postgresql"
command -v chromium >/dev/null 2>&1 || missing="$missing chromium"
[ -z "$missing" ] && exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing for the tests:$missing" | sed 's/  */ /g'
    log=$(mktemp)
    # A server of our own is started by the tests; Debian's default cluster is not wanted.
    mkdir -p /etc/postgresql-common
    [ -e /etc/postgresql-common/createcluster.conf ] || echo "create_main_cluster = false" > /etc/postgresql-common/createcluster.conf
    { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing; } >"$log" 2>&1 \
        || { cat "$log"; exit 1; }
    rm -f "$log"
else
    echo "The tests need these programs, which this machine has not:$missing"
    echo "Install them with the system's package manager, then run make test again."
    exit 1
fi
