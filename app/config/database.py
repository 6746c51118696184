"""How databases are reached: pooled, with limits, the password read from its file at connect time.

Behind a PgBouncer in transaction mode two statements may run on two server connections, so nothing may stay on one:
no prepared statements (Django's default for psycopg), no server-side cursors outside a transaction, no start
parameter `options`. The limits then come from the role, where `migrate` has put them (`LIMITS`).
"""

from typing import Any, Literal, Self

import psycopg
from django.conf import settings

LIMITS = {"statement_timeout": "10s", "lock_timeout": "5s", "idle_in_transaction_session_timeout": "30s"}
AUTH_FAILED = ("28P01", "28000")


class RotatingConnection(psycopg.Connection[Any]):
    """Connects with the current password; the pool calls this for each new connection.

    libpq gives no SQLSTATE for a failed connection, so the one retry follows any authentication message.
    """

    @classmethod
    def connect(cls, conninfo: str = "", **kwargs: Any) -> Self:  # noqa: ANN401 - psycopg's own signature, passed through
        """Connect; when the server refuses the password and the file has changed meanwhile, once more."""
        password = settings.SECRETS.read("database-password")
        try:
            return super().connect(conninfo, **{**kwargs, "password": password})
        except psycopg.OperationalError as error:
            if "authentication failed" not in str(error) and error.sqlstate not in AUTH_FAILED:
                raise
            newer = settings.SECRETS.read("database-password")
            if newer == password:
                raise
            return super().connect(conninfo, **{**kwargs, "password": newer})


def database_settings(
    *, host: str, port: int, name: str, user: str, pool_max: int, pooler: Literal["none", "transaction"]
) -> dict[str, Any]:
    """One entry of DATABASES."""
    options: dict[str, Any] = {
        "pool": {
            "connection_class": RotatingConnection,
            "min_size": 0,
            "max_size": pool_max,
            "timeout": 5.0,  # a full pool answers 503 instead of hanging
            "max_idle": 300.0,
        },
        "connect_timeout": 5,
        "application_name": "todo-app",
    }
    if pooler == "none":
        options["options"] = " ".join(f"-c {limit}={value}" for limit, value in LIMITS.items())
    return {
        "ENGINE": "config.postgresql",
        "HOST": host,
        "PORT": port,
        "NAME": name,
        "USER": user,
        "CONN_MAX_AGE": 0,  # the pool keeps connections, not the request
        "CONN_HEALTH_CHECKS": False,  # the engine looks at a connection's socket instead of sending a ping
        "DISABLE_SERVER_SIDE_CURSORS": pooler == "transaction",
        "OPTIONS": options,
    }
