"""Each occurrence makes one todo, whoever runs, however often, and after a downtime."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, connections
from django.utils import timezone

from tests.conftest import api
from tests.locks import locked
from todo_app.accounts.bans import users_ban
from todo_app.accounts.models import User
from todo_app.moderation.models import Violation
from todo_app.moderation.services import word_add
from todo_app.todos import due, recurrences
from todo_app.todos.due import recurrences_run
from todo_app.todos.models import Firing, Recurrence, Todo
from todo_app.todos.recurrences import recurrence_create, recurrence_pause, recurrence_resume, recurrence_update
from todo_app.todos.rrule import Rule

pytestmark = pytest.mark.integration
START = datetime(2026, 3, 1, 8, tzinfo=UTC)
DAY = timedelta(days=1)


def daily(owner: User, text: str = "FREQ=DAILY", **fields: object) -> Recurrence:
    """A recurrence that starts at START and is written a minute before."""
    given: dict[str, object] = {"title": "again", "time_zone": "UTC", "starts_on": START, **fields}
    return recurrence_create(owner=owner, rule=Rule.parse(text), now=START - timedelta(minutes=1), **given)  # type: ignore[arg-type]  # keyword arguments of the service


def made(owner: User) -> int:
    """How many todos the owner has."""
    return Todo.objects.filter(owner=owner).count()


def test_an_occurrence_makes_one_todo_with_what_the_recurrence_says(user: User) -> None:
    row = daily(user, description="d", tags=["Home"], priority=3)
    recurrences_run(now=START - timedelta(seconds=1))
    assert made(user) == 0

    for _ in range(3):
        recurrences_run(now=START + timedelta(hours=1))

    todo = Todo.objects.get(owner=user)
    assert (todo.title, todo.description, todo.tag_names, todo.priority) == ("again", "d", ["home"], 3)
    assert Firing.objects.get(recurrence=row).occurs_on == START
    row.refresh_from_db()
    assert (row.next_on, row.version) == (START + DAY, 1)


def test_runs_at_once_make_each_todo_once(make_user: Callable[..., User]) -> None:
    owners = [make_user() for _ in range(6)]
    for owner in owners:
        daily(owner)

    def run(_number: int) -> None:
        try:
            recurrences_run(now=START + 5 * DAY)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(run, range(12)))

    assert [made(owner) for owner in owners] == [6] * 6


def test_what_is_older_than_a_week_is_skipped_and_counted(user: User) -> None:
    row = daily(user)

    recurrences_run(now=START + 30 * DAY)

    row.refresh_from_db()
    assert (made(user), row.skipped_count, row.next_on) == (8, 23, START + 31 * DAY)


def test_more_than_a_transaction_holds_is_made_in_several(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(due, "BATCH", 2)
    daily(user)

    recurrences_run(now=START + 4 * DAY)

    assert made(user) == 5


def test_an_ended_rule_stops(user: User) -> None:
    row = daily(user, "FREQ=DAILY;COUNT=2")

    recurrences_run(now=START + 4 * DAY)

    row.refresh_from_db()
    assert (made(user), row.next_on) == (2, None)


def test_a_banned_owner_gets_none_and_later_none_of_that_time(user: User, admin: User) -> None:
    row = daily(user)
    users_ban(user_ids=[user.pk], action="ban", reason="test", actor=admin, now=START)
    recurrences_run(now=START + DAY)
    users_ban(user_ids=[user.pk], action="unban", reason="test", actor=admin, now=START + DAY)
    recurrences_run(now=START + 2 * DAY)

    row.refresh_from_db()
    assert (made(user), row.skipped_count) == (1, 2)


def test_words_banned_later_pause_it_with_the_reason_and_count_nothing(
    user: User, make_user: Callable[..., User]
) -> None:
    row, other = daily(user, title="fine qzxwvkjh"), make_user()
    daily(other)
    word_add(word="qzxwvkjh", severity=2, now=START)

    ran = recurrences_run(now=START)

    row.refresh_from_db()
    assert (made(user), made(other), ran.paused >= 1) == (0, 1, True)
    assert row.pause_reason == "banned words: qzxwvkjh"
    assert not Violation.objects.filter(user=user).exists()


UPDATES = {
    "rule": "UPDATE todos_recurrence SET rule = %s, next_on = starts_on WHERE id = %s",
    "time_zone": "UPDATE todos_recurrence SET time_zone = %s, next_on = starts_on WHERE id = %s",
}


@pytest.mark.parametrize(
    ("column", "stored"),
    [("rule", "FREQ=MONTHLY;BYDAY=3SA,4SA,10SA"), ("rule", "NONSENSE"), ("time_zone", "Gone/Zone")],
)
def test_one_that_cannot_run_is_paused_and_the_others_go_on(
    user: User, make_user: Callable[..., User], column: str, stored: str
) -> None:
    row, other = daily(user), make_user()
    with connection.cursor() as cursor:  # as a version before may have stored it
        cursor.execute(UPDATES[column], [stored, row.pk])
    daily(other)

    ran = recurrences_run(now=START + 300 * DAY)

    row.refresh_from_db()
    assert (ran.paused >= 1, made(other)) == (True, 8)
    assert row.paused_on is not None
    assert row.pause_reason.startswith(("it could not be run: ", "unknown time zone: Gone/Zone"))


def test_a_run_holds_the_owner_so_that_a_ban_waits(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    daily(user)
    honest, seen = due._fire, []

    def fire(*given: Any) -> None:  # noqa: ANN401 - _fire's own
        seen.append(locked(User.objects.filter(pk=given[0].owner_id), no_key=True))
        honest(*given)

    monkeypatch.setattr(due, "_fire", fire)
    recurrences_run(now=START)

    assert seen
    assert all(seen)


def test_an_owner_has_so_many_and_two_requests_do_not_share_the_last_place(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recurrences, "RECURRENCES_MAX", 2)
    honest, seen = Recurrence.save, []

    def save(row: Recurrence, **options: Any) -> None:  # noqa: ANN401 - save's own
        seen.append(locked(User.objects.filter(pk=user.pk), no_key=True))
        honest(row, **options)

    monkeypatch.setattr(Recurrence, "save", save)
    daily(user)
    daily(user)
    with pytest.raises(recurrences.RecurrencesFull):
        daily(user)

    assert seen == [True, True]
    assert Recurrence.objects.filter(owner=user).count() == 2
    body = {"title": "third", "rule": "FREQ=DAILY", "starts_on": "2066-01-01T00:00:00Z"}
    answer = api(user).post("/api/v1/recurrences", body, content_type="application/json")
    assert (answer.status_code, answer.json()["type"]) == (409, "recurrences-full")


@pytest.mark.parametrize(
    ("column", "stored"),
    [("rule", "FREQ=MONTHLY;BYDAY=10SA"), ("rule", "NONSENSE"), ("time_zone", "Gone/Zone"), ("time_zone", "Europe")],
)
def test_one_that_cannot_run_is_listed_as_paused_and_can_be_put_right(user: User, column: str, stored: str) -> None:
    row, client = daily(user, starts_on=timezone.now()), api(user)
    with connection.cursor() as cursor:  # as a version before may have stored it
        cursor.execute(UPDATES[column], [stored, row.pk])
    address, kind = f"/api/v1/recurrences/{row.pk}", "application/json"

    (shown,) = client.get("/api/v1/recurrences").json()["data"]
    assert shown[column] == stored
    assert shown["paused_on"]
    assert shown["pause_reason"].startswith("it cannot run: ")
    assert client.get(address).json() == shown
    assert client.get(f"{address}/occurrences").json() == {"data": []}
    resumed = client.post(f"{address}/resume")
    assert (resumed.status_code, resumed.json()["type"]) == (422, "recurrence-unusable")

    def change(**fields: str) -> Any:  # noqa: ANN401 - the test client's response with json()
        return client.patch(address, fields, content_type=kind, headers={"If-Match": "*"})

    assert change(title="renamed").json()["title"] == "renamed"
    assert change(starts_on=timezone.now().isoformat()).json()["type"] == "recurrence-unusable"
    right = change(**{column: {"rule": "FREQ=DAILY", "time_zone": "UTC"}[column]})
    assert (right.status_code, right.json()["paused_on"], right.json()["pause_reason"]) == (200, None, "")
    assert client.get(f"{address}/occurrences").json()["data"]


def test_a_pause_is_not_made_up_for(user: User) -> None:
    row = daily(user)
    recurrence_pause(owner=user, key=row.pk, now=START)
    recurrences_run(now=START + 2 * DAY)
    assert made(user) == 0

    resumed = recurrence_resume(owner=user, key=row.pk, now=START + 2 * DAY)

    assert resumed.next_on == START + 3 * DAY


def test_a_rule_changed_there_and_back_makes_no_occurrence_twice(user: User) -> None:
    row = daily(user)
    recurrences_run(now=START + DAY)
    for text in ("FREQ=WEEKLY", "FREQ=DAILY"):
        fields = {"rule": Rule.parse(text)}
        recurrence_update(owner=user, key=row.pk, fields=fields, versions=None, now=START - timedelta(minutes=1))

    recurrences_run(now=START + 2 * DAY)

    assert made(user) == 3


def test_the_command_runs_it(user: User, capsys: pytest.CaptureFixture[str]) -> None:
    daily(user)

    call_command("run_due_todos")

    assert "default: " in capsys.readouterr().out


def test_the_api_makes_shows_pauses_and_refuses(user: User, word: str) -> None:
    client = api(user)

    def send(method: str, path: str = "", body: object = None, **headers: str) -> Any:  # noqa: ANN401 - Django's test response
        options = {"content_type": "application/json", "headers": headers}
        return getattr(client, method)(f"/api/v1/recurrences{path}", body, **options)

    body = {
        "title": "water",
        "rule": "FREQ=DAILY;BYHOUR=9",
        "time_zone": "Europe/Berlin",
        "starts_on": "2030-03-29T00:00:00+01:00",
    }
    created = send("post", "", body, **{"Idempotency-Key": "one"})
    again = send("post", "", body, **{"Idempotency-Key": "one"})
    assert (created.status_code, again.content) == (201, created.content), created.content
    path = f"/{created.json()['id']}"
    assert send("get", f"{path}/occurrences?limit=3").json()["data"] == [
        "2030-03-29T08:00:00Z", "2030-03-30T08:00:00Z", "2030-03-31T07:00:00Z",
    ]  # fmt: skip
    assert send("post", f"{path}/pause").json()["pause_reason"] == "by its owner"
    assert send("post", f"{path}/resume").json()["paused_on"] is None
    changed = send("patch", path, {"rule": "FREQ=WEEKLY", "tags": ["Home"]}, **{"If-Match": '"3"'})
    assert (changed.status_code, changed.json()["tags"]) == (200, ["home"])
    assert [row["rule"] for row in send("get").json()["data"]] == ["FREQ=WEEKLY"]
    for bad, status, kind in (
        ({"rule": "FREQ=NEVER"}, 422, "invalid"),
        ({"time_zone": "Mars/Olympus"}, 422, "invalid"),
        ({"rule": "FREQ=MONTHLY;BYDAY=99MO"}, 422, "invalid"),
        ({"rule": "FREQ=DAILY;UNTIL=99991231T235959Z", "time_zone": "Pacific/Apia"}, 422, "invalid"),
        ({"rule": "FREQ=DAILY;UNTIL=99991231T235959Z", "time_zone": "Pacific/Kiritimati"}, 422, "invalid"),
        ({"starts_on": "1900-01-01T00:00:00Z"}, 422, "start-out-of-range"),
        ({"starts_on": "8999-01-01T00:00:00Z"}, 422, "start-out-of-range"),
        ({"rule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}, 422, "rule-never-occurs"),
        ({"title": word}, 409, "text-refused"),
    ):
        refused = send("post", "", {**body, **bad})
        assert (refused.status_code, refused.json()["type"]) == (status, kind)
    assert send("delete", path, None, **{"If-Match": '"1"'}).status_code == 412
    assert send("delete", path).status_code == 204
