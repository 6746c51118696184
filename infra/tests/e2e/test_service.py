"""`up` from nothing ends with a service that does its job."""

import pytest

from infra.tests.e2e.conftest import Life
from infra.verify.bed import Bed
from infra.verify.todo_api import TodoApi

BANNED = "casino"


def test_up_says_where_the_service_is_and_who_may_sign_in(life: Life) -> None:
    result = life.first.result()
    assert result["event"] == "result"
    assert result["url"] == f"{life.bed.url}/"
    assert set(result["credentials"]) == {"admin", "demo"}
    assert result["changed"] > 0


def test_all_pods_are_healthy(bed: Bed) -> None:
    namespaces = {pod["metadata"]["namespace"] for pod in bed.objects("pods", "-A")}
    assert namespaces >= {"todo", "data", "kube-system"}
    bed.wait("healthy pods", lambda: not bed.unhealthy(), deadline=180)


def test_status_shows_the_pods_and_the_url(bed: Bed) -> None:
    done = bed.call("status", deadline=180)
    assert done.code == 0, done.text
    assert bed.url in done.out
    assert "todo-app-web" in done.out


def test_a_todo_is_created_read_and_completed_by_its_owner(bed: Bed) -> None:
    api = bed.api()
    todo = api.add("buy a hammock")
    assert api.call("GET", f"/todos/{todo}").body["title"] == "buy a hammock"
    assert api.call("POST", f"/todos/{todo}/start").status == 200
    assert api.call("POST", f"/todos/{todo}/complete").body["status"] == "done"


def test_nobody_reads_todos_without_a_token(bed: Bed) -> None:
    assert TodoApi(bed.url).call("GET", "/todos").status == 401


def test_a_banned_word_is_refused_and_logged_once(bed: Bed) -> None:
    demo, admin = bed.api(), bed.api("admin")
    me = demo.call("GET", "/auth/me").body["id"]
    before = _total(admin, me)
    answer = demo.call("POST", "/todos", {"title": f"win at the {BANNED}"})
    assert answer.status == 409
    assert answer.kind == "application/problem+json"
    assert answer.body["type"].endswith("text-refused")
    assert _total(admin, me) == before + 1


@pytest.mark.parametrize("path", ["/violations", "/banned-words"])
def test_the_moderation_log_is_not_for_everybody(bed: Bed, path: str) -> None:
    assert bed.api().call("GET", path).status == 403


def _total(admin: TodoApi, user: str) -> int:
    rows = admin.call("GET", "/violations").body["data"]
    return int(next((row["total"] for row in rows if row["user_id"] == user), 0))
