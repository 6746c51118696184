"""Fixtures. Tests without the marker `integration` need nothing running and cannot reach a database."""

import itertools
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from django.test import Client
from django.utils import timezone
from pytest_django.plugin import DjangoDbBlocker
from whitenoise import WhiteNoise

from config.secret_files import SecretFiles
from tests import servers as servers_module
from tests import static_files
from tests.events import faults as event_faults
from tests.servers import Servers
from todo_app.accounts.models import Role, User
from todo_app.accounts.services import token_create
from todo_app.outbox.models import Event

_number = itertools.count(1)


@pytest.fixture(scope="session", autouse=True)
def _static_files() -> Iterator[None]:
    """A server looks at them once, but every `Client` is a server of its own: the first one looks for all.

    That saves 60 ms each time.
    """
    static_files.collect()
    look, known = WhiteNoise.update_files_dictionary, dict[tuple[str, str], dict[str, object]]()

    def looked(self: WhiteNoise, root: str, prefix: str) -> None:
        if (root, prefix) not in known:
            look(self, root, prefix)
            known[root, prefix] = dict(self.files)
        self.files.update(known[root, prefix])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WhiteNoise, "update_files_dictionary", looked)
        yield


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """PostgreSQL and Redis for the session."""
    with servers_module.running() as running:
        yield running


@pytest.fixture(scope="session")
def database(servers: Servers, django_db_blocker: DjangoDbBlocker) -> Iterator[Servers]:
    """The migrated database; tests make users and words of their own instead of cleaning up."""
    settings.SECRETS = SecretFiles(servers.secrets_dir)
    settings.REDIS_HOST, settings.REDIS_PORT = "127.0.0.1", servers.redis_port
    settings.SECURE_SSL_REDIRECT = False
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    options = connections["default"].settings_dict
    options.update(HOST="127.0.0.1", PORT=servers.database_port)
    options["OPTIONS"]["pool"]["max_size"] = 40
    with django_db_blocker.unblock():
        call_command("bootstrap")
        yield servers
        wrong = event_faults(list(Event.objects.all()))
        connections["default"].close()
        connections["default"].close_pool()  # type: ignore[attr-defined]  # PostgreSQL's wrapper has it
        assert wrong == []


@pytest.fixture(autouse=True)
def _tier(request: pytest.FixtureRequest) -> None:
    if request.node.get_closest_marker("integration"):
        request.getfixturevalue("database")


@pytest.fixture
def make_user(database: Servers) -> Callable[..., User]:
    """Make a user with a name of its own; the password is `passphrase-` and the name."""

    def make(*, role: Role = Role.USER, **fields: object) -> User:
        name = f"user-{next(_number)}-{secrets.token_hex(3)}"
        return User.objects.create_user(name, f"passphrase-{name}", role=role, **fields)

    return make


@pytest.fixture
def user(make_user: Callable[..., User]) -> User:
    """Any user."""
    return make_user()


@pytest.fixture
def admin(make_user: Callable[..., User]) -> User:
    """An administrator."""
    return make_user(role=Role.ADMIN)


@pytest.fixture
def word(database: Servers) -> str:
    """A banned word no other test uses."""
    from todo_app.moderation.services import word_add

    text = "bad" + "".join(secrets.choice("bcdfghjklmnpqrvwxz") for _ in range(12))
    word_add(word=text, severity=2, now=timezone.now())
    return text


def api(user: User | None) -> Client:
    """A client that sends the user's token; the row is read again, for a token belongs to the epoch it is made in."""
    if user is None:
        return Client()
    token = token_create(user=User.objects.get(pk=user.pk), name="test", now=timezone.now()).text
    return Client(headers={"Authorization": f"Bearer {token}"})


@pytest.fixture
def secrets_dir(tmp_path: Path) -> Path:
    """A folder with every needed secret."""
    for name in ("django-secret-key", "database-password", "redis-password"):
        (tmp_path / name).write_text(f"value-of-{name}", encoding="utf-8")
    return tmp_path
