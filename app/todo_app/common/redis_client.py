"""The one Redis client of a process; its password is the file's content whenever a connection is made."""

from functools import cache

import redis
from django.conf import settings
from redis.credentials import CredentialProvider


class _PasswordFile(CredentialProvider):
    def get_credentials(self) -> tuple[str]:
        return (settings.SECRETS.read("redis-password"),)


@cache
def client() -> "redis.Redis":
    """A pooled client; made on first use, therefore after the fork."""
    return redis.Redis(
        host=settings.REDIS_HOST,
        port=settings.REDIS_PORT,
        credential_provider=_PasswordFile(),
        socket_connect_timeout=1,
        socket_timeout=1,
        health_check_interval=30,
        max_connections=32,
    )
