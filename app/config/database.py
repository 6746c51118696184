"""A PostgreSQL connection whose password is the file's content at connect time."""

from typing import Any, Self

import psycopg
from django.conf import settings

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
