"""How databases are reached: pooled, with limits, user and password read from their file at connect time.

Where Vault hands out logins, `database-login` holds a user and its password, in one file so that nobody reads one
without the other. It changes while we run: a connection of an earlier login is given back at the end of its request
and closed, never used again (`config.postgresql`), long before Vault drops its user.

Behind a PgBouncer in transaction mode two statements may run on two server connections, so nothing may stay on one:
no prepared statements (Django's default for psycopg), no server-side cursors outside a transaction, no start
parameter `options`. The limits then come from the role, where `migrate` has put them (`LIMITS`).
"""

from typing import Any, Literal, Self

import psycopg
from django.conf import settings

from config.secret_files import SecretMissing

LIMITS = {"statement_timeout": "10s", "lock_timeout": "5s", "idle_in_transaction_session_timeout": "30s"}
AUTH_FAILED = ("28P01", "28000")
LOGIN_FILE = "database-login"


Login = tuple[str, str]


def login_now(user: str) -> Login:
    """User and password of the next connection; `user` is the one of the settings. Raises SecretMissing."""
    text = settings.SECRETS.optional(LOGIN_FILE)
    if text is None:
        return user, settings.SECRETS.read("database-password")
    return login_of(text)


def login_of(text: str) -> Login:
    """The two lines of `database-login`. Raises SecretMissing."""
    lines = text.split("\n")
    if len(lines) != 2 or not all(lines):
        raise SecretMissing(
            f"secret file {LOGIN_FILE}: {len(lines)} lines; expected a user and its password, a line each"
        )
    return lines[0], lines[1]


class RotatingConnection(psycopg.Connection[Any]):
    """Connects with the current login; the pool calls this for each new connection.

    libpq gives no SQLSTATE for a failed connection, so the one retry follows any authentication message.
    """

    login: Login = ("", "")

    @classmethod
    def connect(cls, conninfo: str = "", **kwargs: Any) -> Self:  # noqa: ANN401 - psycopg's own signature, passed through
        """Connect; when the server refuses the login and the file has changed meanwhile, once more."""
        login = login_now(kwargs.get("user", ""))
        try:
            return cls._entered(conninfo, login, kwargs)
        except psycopg.OperationalError as error:
            if "authentication failed" not in str(error) and error.sqlstate not in AUTH_FAILED:
                raise
            newer = login_now(kwargs.get("user", ""))
            if newer == login:
                raise
            return cls._entered(conninfo, newer, kwargs)

    @classmethod
    def _entered(cls, conninfo: str, login: Login, kwargs: dict[str, Any]) -> Self:
        made = super().connect(conninfo, **{**kwargs, "user": login[0], "password": login[1]})
        made.login = login
        return made

    def current(self) -> bool:
        """Whether a new connection would be made with the same login. Costs one look at a file."""
        try:
            return login_now(self.login[0]) == self.login
        except SecretMissing:
            return True  # nothing better is known


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
            "reconnect_timeout": 5.0,  # then the next request tries anew, instead of after ever longer pauses
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
