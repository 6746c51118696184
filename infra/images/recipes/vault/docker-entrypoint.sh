#!/bin/sh
# Words that begin with a dash are options of the server; a command of Vault's is Vault's; anything else is run as it is.
set -eu
case "${1:-}" in
    -*) exec vault server "$@" ;;
    agent | audit | auth | kv | lease | login | operator | policy | proxy | read | secrets | server | status | token | \
        unwrap | version | write) exec vault "$@" ;;
    *) exec "$@" ;;
esac
