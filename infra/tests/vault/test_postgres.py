"""PostgreSQL's groups and the users Vault makes, by the very statements it runs: least privilege, and nothing left."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from infra.graph.load import service_graph
from infra.vault import desired
from infra.vault.desired import MEMBER
from infra.vault.postgres import statements
from infra.verify.vault.database import Postgres, postgres
from infra.verify.vault.stand import TABLES

pytestmark = pytest.mark.integration
LOGINS = {path.rpartition("/")[2]: data for path, data in desired.logins(service_graph())}
# Statement → the identities whose user may run it; every other one is refused by PostgreSQL.
EVERYBODY, WRITERS = set(MEMBER), {"web", "run-due-todos", "migrate", "maintenance"}
ALLOWED = {
    "SELECT count(*) FROM outbox_event": EVERYBODY,
    "UPDATE outbox_event SET type = 'y' WHERE id < 0": EVERYBODY,
    "DELETE FROM outbox_event WHERE id < 0": WRITERS,
    "SELECT count(*) FROM todos_todo": WRITERS,
    "INSERT INTO todos_todo (title) VALUES ('x')": WRITERS,
    "INSERT INTO outbox_event (type) VALUES ('x')": WRITERS,
    "ALTER TABLE todos_todo ADD COLUMN IF NOT EXISTS later text": {"migrate", "maintenance"},
    "CREATE TABLE IF NOT EXISTS made_later (id int)": {"migrate", "maintenance"},
    "CREATE ROLE intruder": set(),
    "SELECT pg_read_file('PG_VERSION')": set(),
    "ALTER TABLE todos_todo OWNER TO vault": set(),
}


def allowed(name: str) -> set[str]:
    """What the user of a workload may run."""
    return {statement for statement, names in ALLOWED.items() if name in names}


def done(database: Postgres, user: str, password: str) -> set[str]:
    """The statements PostgreSQL does not refuse this user."""
    found = set()
    with database.login(user, password) as connection:
        for statement in ALLOWED:
            try:
                connection.execute(statement.encode())
            except psycopg.errors.InsufficientPrivilege:
                continue
            found.add(statement)
    return found


@pytest.fixture(scope="module")
def database() -> Iterator[Postgres]:
    """What profile mini left behind: tables of the superuser; then the groups, twice, as every later run does."""
    with tempfile.TemporaryDirectory(prefix="slipway-pg-") as folder:
        Path(folder).chmod(0o755)  # PostgreSQL runs as a user of its own
        with postgres(Path(folder) / "postgresql") as found:
            made = statements(user="vault", password="first", superuser="todo")
            found.run(*TABLES, *made)
            found.run(*made)
            yield found


def as_vault(database: Postgres, name: str, kind: str, *, user: str) -> None:
    """Run the statements of a role as Vault does: as its own user, with the names put in."""
    known = {"name": user, "password": "word", "expiration": "2100-01-01 00:00:00+00"}
    with database.login("vault", "first") as connection:
        for statement in LOGINS[name][kind]:
            text = statement
            for key, value in known.items():
                text = text.replace("{{" + key + "}}", value)
            connection.execute(text.encode())


@pytest.mark.parametrize("name", sorted(MEMBER))
def test_a_user_may_do_what_its_work_needs_and_nothing_else(database: Postgres, name: str) -> None:
    as_vault(database, name, "creation_statements", user=f"v-{name}")

    assert done(database, f"v-{name}", "word") == allowed(name)


def test_the_tables_of_an_earlier_life_belong_to_the_owners_group_and_its_user_still_works(database: Postgres) -> None:
    owners = database.run("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'")

    assert owners == [("todo_owner",)]
    assert database.run("INSERT INTO todos_todo (title) VALUES ('as before') RETURNING title") == [("as before",)]


def test_what_a_migration_makes_outlives_its_user_and_is_open_to_the_writers(database: Postgres) -> None:
    as_vault(database, "migrate", "creation_statements", user="v-short")
    with database.login("v-short", "word") as connection:
        connection.execute("CREATE TABLE outlives (id bigserial PRIMARY KEY)")
    as_vault(database, "migrate", "revocation_statements", user="v-short")
    as_vault(database, "web", "creation_statements", user="v-writer")
    with database.login("v-writer", "word") as connection:
        connection.execute("INSERT INTO outlives DEFAULT VALUES")

    assert database.run("SELECT tableowner FROM pg_tables WHERE tablename = 'outlives'") == [("todo_owner",)]
    assert "v-short" not in {role for (role,) in database.run("SELECT rolname FROM pg_roles")}


def test_a_user_taken_back_is_cut_off_in_the_middle(database: Postgres) -> None:
    as_vault(database, "web", "creation_statements", user="v-cut")
    with database.login("v-cut", "word") as connection:
        as_vault(database, "web", "revocation_statements", user="v-cut")
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError):
        database.login("v-cut", "word")


def test_vaults_own_user_is_no_superuser(database: Postgres) -> None:
    assert database.run("SELECT rolsuper, rolcreatedb, rolreplication FROM pg_roles WHERE rolname = 'vault'") == [
        (False, False, False)
    ]


def test_twin_a_user_of_the_wrong_group_is_noticed(database: Postgres) -> None:
    as_vault(database, "web", "creation_statements", user="v-twin")
    database.run('GRANT todo_owner TO "v-twin"')

    assert done(database, "v-twin", "word") != allowed("web")
