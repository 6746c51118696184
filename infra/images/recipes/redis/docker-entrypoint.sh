#!/bin/sh
# Contract of the official image, for a container that is never root:
#   docker-entrypoint.sh redis-server [config file] [--name value ...]
#   docker-entrypoint.sh --name value ...               the same with `redis-server` left out
#   docker-entrypoint.sh <anything else>                run it
# REDIS_PASSWORD_FILE: file with the password clients have to give.
set -eu

if [ "${1#-}" != "${1:-}" ] || [ "${1%.conf}" != "${1:-}" ]; then
    set -- redis-server "$@"
fi
if [ "${1:-}" = redis-server ]; then
    umask 0077
    if [ -n "${REDIS_PASSWORD_FILE:-}" ]; then
        if [ ! -r "$REDIS_PASSWORD_FILE" ]; then
            echo "redis: REDIS_PASSWORD_FILE=$REDIS_PASSWORD_FILE cannot be read by uid $(id -u)" >&2
            exit 1
        fi
        password="$(cat "$REDIS_PASSWORD_FILE")"
        case "$password" in
        '' | *[!A-Za-z0-9_-]*)
            echo "redis: the password in $REDIS_PASSWORD_FILE is empty or has other characters than A-Z a-z 0-9 _ -" >&2
            exit 1
            ;;
        esac
        # A here-document is a pipe or an unlinked file: the password is in no argument list.
        exec "$@" - <<CONFIG
requirepass $password
CONFIG
    fi
fi
exec "$@"
