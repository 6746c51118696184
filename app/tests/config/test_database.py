"""User and password are the file's content at connect time, and a connection of an earlier login is not used again."""

import secrets
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import OperationalError, connection, connections, transaction

from config.database import login_of
from config.secret_files import SecretMissing
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


def user_of_session() -> str:
    """Who the next piece of work is to the server."""
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute("SELECT session_user")
        return str(cursor.fetchone()[0])


@pytest.fixture
def login_file(servers: Servers) -> Iterator[Path]:
    """Where an agent writes; gone afterwards, and its connections with it."""
    file = servers.secrets_dir / "database-login"
    servers.psql("CREATE ROLE \"v-one\" LOGIN PASSWORD 'first-pass' IN ROLE todo")
    servers.psql("CREATE ROLE \"v-two\" LOGIN PASSWORD 'second-pass' IN ROLE todo")
    try:
        yield file
    finally:
        file.unlink(missing_ok=True)
        connection.close()
        connections["default"].close_pool()  # type: ignore[attr-defined]  # PostgreSQL's wrapper has it
        servers.psql('DROP ROLE "v-one", "v-two"')


def test_the_user_is_the_files_and_a_pooled_connection_of_another_is_not_used_again(login_file: Path) -> None:
    assert user_of_session() == "todo"
    login_file.write_text("v-one\nfirst-pass\n", encoding="utf-8")
    assert user_of_session() == "v-one"

    login_file.write_text("v-two\nsecond-pass\n", encoding="utf-8")

    assert user_of_session() == "v-two"
    login_file.unlink()
    assert user_of_session() == "todo"


def test_a_piece_of_work_ends_on_the_connection_it_began_on(login_file: Path) -> None:
    login_file.write_text("v-one\nfirst-pass", encoding="utf-8")
    connection.close()
    with transaction.atomic(), connection.cursor() as cursor:
        login_file.write_text("v-two\nsecond-pass", encoding="utf-8")
        cursor.execute("SELECT session_user")
        assert cursor.fetchone()[0] == "v-one"


def test_a_login_that_ended_before_the_new_one_came_does_not_keep_us_waiting(
    login_file: Path, servers: Servers
) -> None:
    """Vault was away: the pool's tries with the old login end soon, so the new one is used at once."""
    login_file.write_text("v-one\nno-longer", encoding="utf-8")
    options = connections["default"].settings_dict["OPTIONS"]["pool"]
    options["timeout"] = 1.0
    try:
        with pytest.raises(OperationalError):
            reconnect()
        login_file.write_text("v-two\nsecond-pass", encoding="utf-8")
        until = time.monotonic() + 15
        while time.monotonic() < until:
            try:
                assert user_of_session() == "v-two"
            except OperationalError:
                continue
            break
        else:
            pytest.fail("the new login is not used")
    finally:
        options["timeout"] = 5.0
        connection.close()
        connections["default"].close_pool()  # type: ignore[attr-defined]  # PostgreSQL's wrapper has it


@pytest.mark.parametrize("text", ["v-one", "v-one\n\nfirst-pass", "v-one\nfirst-pass\nmore"])
def test_half_a_login_is_refused_by_name(text: str) -> None:
    with pytest.raises(SecretMissing, match="database-login"):
        login_of(text)
