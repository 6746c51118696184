"""A request runs wholly on the database of its user."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from tests.conftest import api
from tests.servers import Servers
from todo_app.accounts.bans import users_ban
from todo_app.accounts.models import ApiToken, User
from todo_app.common import health
from todo_app.common.shards import chunks_on, current, on_directory, on_shard
from todo_app.moderation.models import Violation
from todo_app.moderation.reports import violations_by_user
from todo_app.outbox.models import Event
from todo_app.todos.models import Todo
from todo_app.todos.services import todo_create

pytestmark = pytest.mark.integration
JSON = "application/json"


def at(alias: str, user: User) -> tuple[int, int]:
    """Todos and tokens of the user on a database."""
    with on_shard(alias):
        return Todo.objects.filter(owner=user).count(), ApiToken.objects.filter(user=user).count()


def moved_api(user: User) -> Client:
    """A client with a token made at the user's home."""
    with on_shard("s1"):
        return api(user)


def test_a_write_its_event_and_the_user_are_on_one_database(moved: User) -> None:
    client = moved_api(moved)

    made = client.post("/api/v1/todos", {"title": "after"}, content_type=JSON)

    assert made.status_code == 201
    assert len(client.get("/api/v1/todos").json()["data"]) == 4
    assert at("s1", moved) == (4, 1)
    assert at("default", moved) == (0, 0)
    with on_shard("s1"):
        assert Event.objects.filter(key=made.json()["id"], type="todo.created").count() == 1
    assert not Event.objects.filter(key=made.json()["id"]).exists()


def test_a_refused_text_is_counted_at_home_by_the_words_of_the_directory(moved: User, word: str) -> None:
    answer = moved_api(moved).post("/api/v1/todos", {"title": f"so {word} it is"}, content_type=JSON)

    assert answer.status_code == 409
    with on_shard("s1"):
        assert Violation.objects.filter(user=moved).count() == 1
        assert User.objects.get(pk=moved.pk).violation_count == 1
    assert not Violation.objects.filter(user=moved).exists()


def test_a_ban_by_an_administrator_reaches_the_user_at_home(moved: User, admin: User) -> None:
    client = moved_api(moved)
    ids = [moved.pk]

    banned = users_ban(user_ids=ids, action="ban", reason="enough", actor=admin, now=timezone.now())

    assert banned.changed == ids
    assert client.get("/api/v1/todos").json()["type"] == "account-banned"
    assert users_ban(user_ids=ids, action="unban", reason="", actor=admin, now=timezone.now()).changed == ids
    with on_shard("s1"):
        assert not User.objects.get(pk=moved.pk).is_banned


def test_who_comes_with_a_jwt_is_looked_for_on_every_database(moved: User) -> None:
    import jwt
    from django.test import RequestFactory

    from todo_app.accounts.home_middleware import _sender
    from todo_app.accounts.models import ExternalIdentity

    def sender(claims: dict[str, str]) -> object:
        text = jwt.encode(claims, "k" * 32, algorithm="HS256")  # who signed it is judged at home
        return _sender(RequestFactory().get("/", headers={"Authorization": f"Bearer {text}"}))

    with on_shard("s1"):
        ExternalIdentity(user=moved, issuer="https://id.example.org", subject=str(moved.pk)).save()

    assert sender({"iss": "https://id.example.org", "sub": str(moved.pk)}) == moved.pk
    assert sender({"iss": "https://other.example.org", "sub": str(moved.pk)}) is None
    assert _sender(RequestFactory().get("/", headers={"Authorization": "Bearer a.b.c"})) is None


def test_pages_sign_in_at_home_and_sign_out_ends_the_session(moved: User) -> None:
    client = Client(REMOTE_ADDR="127.7.7.1")

    client.post("/sign-in", {"username": moved.username, "password": f"passphrase-{moved.username}"})

    page = client.get("/")
    assert page.status_code == 200
    assert b"before 1" in page.content
    cookie = client.cookies["sessionid"].value
    client.post("/sign-out")
    client.cookies["sessionid"] = cookie
    assert client.get("/").status_code == 302


def test_the_report_is_merged_and_paged_over_the_databases(
    moved: User, make_user: Callable[..., User], word: str
) -> None:
    users = [moved, *(make_user() for _ in range(3))]
    for number, user in enumerate(users):
        client = moved_api(user) if user is moved else api(user)
        for _ in range(number + 1):
            assert client.post("/api/v1/todos", {"title": word}, content_type=JSON).status_code == 409

    rows, after = [], None
    while page := violations_by_user(after=after, limit=2):
        rows += page
        after = page[-1]["user_id"]

    keys = [row["user_id"] for row in rows]
    assert keys == sorted(set(keys))
    totals = {row["user_id"]: row["total"] for row in rows}
    assert [totals[user.pk] for user in users] == [1, 2, 3, 4]


def test_ready_means_every_database_is_ready(sharded: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "FRESH", 0.0)
    monkeypatch.setattr(health, "_cache", health._Cache())
    with on_shard("s1"), connection.cursor() as cursor:
        cursor.execute("UPDATE django_migrations SET app = 'away' WHERE app = 'shards'")
    missing = Client().get("/readyz")
    with on_shard("s1"), connection.cursor() as cursor:
        cursor.execute("UPDATE django_migrations SET app = 'shards' WHERE app = 'away'")

    assert missing.status_code == 503
    assert "shards.0001_initial" in missing.json()["reasons"][0]
    assert Client().get("/readyz").status_code == 200


def test_everything_inside_follows_the_switch_and_everything_outside_does_not(sharded: Servers) -> None:
    def port() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT inet_server_port()")
            return int(cursor.fetchone()[0])

    outside = port()
    with on_shard("s1"):
        assert (current(), port()) == ("s1", sharded.database_port)
        with on_directory():
            assert (current(), port()) == ("default", outside)
        assert port() == sharded.database_port
        streamed = chunks_on("s1", (port() for _ in range(2)))
    assert port() == outside
    assert list(streamed) == [sharded.database_port] * 2


def test_without_the_setting_no_query_asks_for_homes(
    user: User, monkeypatch: pytest.MonkeyPatch, settings: object
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    settings.SHARDS = ()  # type: ignore[attr-defined]  # pytest-django's settings take any name
    todo_create(owner=user, title="one", now=timezone.now())
    client = api(user)
    with CaptureQueriesContext(connection) as queries:
        client.get("/api/v1/todos")

    assert not [query for query in queries.captured_queries if "shards" in query["sql"]]
