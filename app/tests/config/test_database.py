"""The password is the file's content at connect time."""

import secrets

import pytest
from django.db import OperationalError, connection, connections

from tests.servers import Servers

pytestmark = pytest.mark.integration


def reconnect() -> str:
    """A query on a new connection of a new pool."""
    connection.close()
    connections["default"].close_pool()  # type: ignore[attr-defined]  # PostgreSQL's wrapper has it
    with connection.cursor() as cursor:
        cursor.execute("SELECT 'in'")
        return str(cursor.fetchone()[0])


def test_a_rotated_password_is_used_by_the_next_connection(servers: Servers) -> None:
    old = (servers.secrets_dir / "database-password").read_text(encoding="utf-8")
    new = secrets.token_urlsafe(24)
    assert reconnect() == "in"
    try:
        servers.psql(f"ALTER ROLE todo PASSWORD '{new}'")
        (servers.secrets_dir / "database-password").write_text(new, encoding="utf-8")

        assert reconnect() == "in"
    finally:
        servers.psql(f"ALTER ROLE todo PASSWORD '{old}'")
        (servers.secrets_dir / "database-password").write_text(old, encoding="utf-8")
    assert reconnect() == "in"


def test_a_stale_password_is_seen(servers: Servers) -> None:
    """The twin: when the server's password changes and the file does not, connecting fails."""
    old = (servers.secrets_dir / "database-password").read_text(encoding="utf-8")
    options = connections["default"].settings_dict["OPTIONS"]["pool"]
    options["timeout"] = 1.0
    try:
        servers.psql("ALTER ROLE todo PASSWORD 'another'")
        with pytest.raises(OperationalError):
            reconnect()
    finally:
        options["timeout"] = 5.0
        servers.psql(f"ALTER ROLE todo PASSWORD '{old}'")
    connection.close()
    assert reconnect() == "in"
