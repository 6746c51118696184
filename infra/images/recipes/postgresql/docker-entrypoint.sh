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

# The variable $1, or the content of the file named by $1_FILE, or $2.
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

# initdb wants a name for its uid, and a random uid has none in /etc/passwd.
name_this_user() {
    getent passwd "$(id -u)" >/dev/null && return
    NSS_WRAPPER_PASSWD="$(mktemp)"
    NSS_WRAPPER_GROUP="$(mktemp)"
    echo "postgres:x:$(id -u):$(id -g):PostgreSQL:$PGDATA:/bin/false" >"$NSS_WRAPPER_PASSWD"
    echo "postgres:x:$(id -g):" >"$NSS_WRAPPER_GROUP"
    export NSS_WRAPPER_PASSWD NSS_WRAPPER_GROUP LD_PRELOAD=libnss_wrapper.so
}

initialise() {
    local password user database work="$PGDATA/.initialising"
    password="$(value_of POSTGRES_PASSWORD '')"
    user="$(value_of POSTGRES_USER postgres)"
    database="$(value_of POSTGRES_DB "$user")"
    [ -n "$password" ] || fail "a new database wants POSTGRES_PASSWORD_FILE (or POSTGRES_PASSWORD)"

    mkdir "$work"
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
    # PG_VERSION goes last: it is what says that a whole cluster is there.
    find "$work" -mindepth 1 -maxdepth 1 ! -name PG_VERSION -exec mv -t "$PGDATA" -- {} +
    mv "$work/PG_VERSION" "$PGDATA/"
    echo "postgresql: initialised database $database for user $user"
}

prepare() {
    mkdir -p "$PGDATA" 2>/dev/null || fail "PGDATA=$PGDATA cannot be made by uid $(id -u)"
    [ -O "$PGDATA" ] || fail "PGDATA=$PGDATA belongs to uid $(stat -c %u "$PGDATA"), not to $(id -u): name a folder below it"
    chmod 0700 "$PGDATA"
    if [ -s "$PGDATA/PG_VERSION" ]; then
        rmdir "$PGDATA/.initialising" 2>/dev/null || true
        return
    fi
    if [ -d "$PGDATA/.initialising" ]; then
        echo "postgresql: an earlier initialisation was interrupted, starting it again"
        find "$PGDATA" -mindepth 1 -maxdepth 1 ! -name lost+found ! -name .initialising -exec rm -rf {} +
        rm -rf "$PGDATA/.initialising"
    elif [ -n "$(find "$PGDATA" -mindepth 1 -maxdepth 1 ! -name lost+found -print -quit)" ]; then
        fail "PGDATA=$PGDATA holds files but no PG_VERSION: not touching it"
    fi
    # In a process of its own, so that passwords and the name's library do not reach the server.
    (name_this_user && initialise)
    rmdir "$PGDATA/.initialising"
}

if [ "${1:0:1}" = '-' ]; then
    set -- postgres "$@"
fi
if [ "${1:-}" = postgres ]; then
    umask 0077
    prepare
fi
exec "$@"
