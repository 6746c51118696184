#!/bin/bash
# Contract of the official image, for a container that is never root:
#   docker-entrypoint.sh postgres [-c name=value ...]   initialise PGDATA when it is empty, then serve
#   docker-entrypoint.sh <anything else>                run it
# POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE (wanted for a new PGDATA), POSTGRES_USER (postgres),
# POSTGRES_DB (= user), POSTGRES_INITDB_ARGS. A new cluster has data checksums and scram-sha-256.
set -Eeuo pipefail

fail() {
    echo "postgresql: $1" >&2
    exit 1
}

# $1 or the content of the file named by $1_FILE.
value_of() {
    local name="$1" file="$1_FILE"
    if [ -n "${!name:-}" ] && [ -n "${!file:-}" ]; then
        fail "$name and $file are both set"
    fi
    if [ -n "${!file:-}" ]; then
        [ -r "${!file}" ] || fail "$file=${!file} cannot be read by uid $(id -u)"
        cat "${!file}"
    else
        printf '%s' "${!name:-$2}"
    fi
}

# initdb wants a name for its uid; a random uid has none.
name_this_user() {
    getent passwd "$(id -u)" >/dev/null && return
    local library
    for library in /usr/lib/*/libnss_wrapper.so; do
        [ -e "$library" ] || fail "uid $(id -u) has no name in this image: run as 999"
    done
}

initialise() {
    local password user database work
    password="$(value_of POSTGRES_PASSWORD '')"
    user="$(value_of POSTGRES_USER postgres)"
    database="$(value_of POSTGRES_DB "$user")"
    [ -n "$password" ] || fail "a new database wants POSTGRES_PASSWORD_FILE (or POSTGRES_PASSWORD)"

    # Built beside its place and moved there last: a container killed halfway leaves no half cluster.
    work="$PGDATA/.initialising"
    rm -rf "$work"
    # shellcheck disable=SC2086  # several arguments in one variable, as in the official image
    initdb --pgdata="$work" --username="$user" --pwfile=<(printf '%s\n' "$password") \
        --auth-local=scram-sha-256 --auth-host=scram-sha-256 --data-checksums --encoding=UTF8 \
        --locale=C.UTF-8 ${POSTGRES_INITDB_ARGS:-}
    printf 'host all all all scram-sha-256\n' >>"$work/pg_hba.conf"
    printf "listen_addresses = '*'\n" >>"$work/postgresql.conf"
    if [ "$database" != postgres ]; then
        # Single-user mode asks for no password and opens no port.
        printf 'CREATE DATABASE "%s"\n' "${database//\"/\"\"}" |
            postgres --single -j -D "$work" postgres >/dev/null
    fi
    # PG_VERSION goes last: it is what says that a cluster is there.
    find "$work" -mindepth 1 -maxdepth 1 ! -name PG_VERSION -exec mv -t "$PGDATA" -- {} +
    mv "$work/PG_VERSION" "$PGDATA/"
    rmdir "$work"
    echo "postgresql: initialised database $database for user $user"
}

if [ "${1:0:1}" = '-' ]; then
    set -- postgres "$@"
fi
if [ "${1:-}" = postgres ]; then
    umask 0077
    mkdir -p "$PGDATA" || fail "PGDATA=$PGDATA cannot be made by uid $(id -u)"
    [ -w "$PGDATA" ] || fail "PGDATA=$PGDATA cannot be written by uid $(id -u)"
    chmod 0700 "$PGDATA" 2>/dev/null || true
    if [ ! -s "$PGDATA/PG_VERSION" ]; then
        name_this_user
        # What an interrupted move left behind is younger than any data.
        find "$PGDATA" -mindepth 1 -maxdepth 1 ! -name lost+found -exec rm -rf {} +
        initialise
    fi
fi
exec "$@"
