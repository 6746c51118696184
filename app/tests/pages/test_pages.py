"""Pages as a browser without scripts uses them."""

import re

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from django.utils.encoding import iri_to_uri

from todo_app.accounts.models import User
from todo_app.moderation.models import Violation
from todo_app.todos.models import Todo
from todo_app.todos.services import todo_create

pytestmark = pytest.mark.integration
BACKEND = "todo_app.accounts.backends.AccountBackend"


def browser(user: User) -> Client:
    """Signed in by the form."""
    client = Client()
    form = {"username": user.username, "password": f"passphrase-{user.username}", "next": "https://evil.example/"}
    response = client.post("/sign-in", form)
    assert (response.status_code, response.headers["Location"]) == (302, "/"), "no redirect to elsewhere"
    return client


@pytest.mark.parametrize("target", ["/admin/", "/moderation?cursor=1", "/?q=a b", "/\u00e4"])
def test_signing_in_goes_on_to_a_path_of_this_site(user: User, target: str) -> None:
    form = {"username": user.username, "password": f"passphrase-{user.username}", "next": target}

    response = Client().post("/sign-in", form)

    assert (response.status_code, response.headers["Location"]) == (302, iri_to_uri(target))


@pytest.mark.parametrize(
    "target",
    [
        *(
            "admin",
            "pages:moderation",
            "",
            "//evil.example",
            "///evil.example",
            "https://evil.example/",
            "/\\evil.example",
        ),
        *("\\/evil.example", "/a\r\nSet-Cookie: x=1", "/\t/evil.example", "javascript:alert(1)", "/\u202e", "/" * 5000),
        "/" + "a" * 5000,
    ],
)
def test_any_other_target_leads_to_the_first_page(user: User, target: str) -> None:
    form = {"username": user.username, "password": f"passphrase-{user.username}", "next": target}
    client = Client()
    assert client.get("/sign-in", {"next": target}).status_code == 200

    response = client.post("/sign-in", form)

    assert (response.status_code, response.headers["Location"]) == (302, "/")


def test_a_user_adds_completes_and_deletes(user: User) -> None:
    client = browser(user)
    client.post("/", {"title": "Buy <b>milk</b>"})
    todo = Todo.objects.get(owner=user)

    assert "Buy &lt;b&gt;milk" in client.get("/").content.decode()
    client.post(f"/todos/{todo.pk}/complete")
    assert Todo.objects.get(pk=todo.pk).status == "done"
    assert "done already" in client.post(f"/todos/{todo.pk}/complete", follow=True).content.decode()
    client.post(f"/todos/{todo.pk}/delete")
    assert not Todo.objects.filter(owner=user).exists()
    assert client.post(f"/todos/{todo.pk}/explode").status_code == 404


def test_a_refused_text_is_shown_with_its_words_marked_and_kept_in_the_form(user: User, word: str) -> None:
    response = browser(user).post("/", {"title": f"my {word} idea"})

    page = response.content.decode()
    assert response.status_code == 409
    assert f"<mark>{word}</mark>" in page
    assert f'value="my {word} idea"' in page
    assert Violation.objects.filter(user=user).count() == 1


def test_the_moderation_log_marks_the_words_and_bans_with_a_reason(user: User, admin: User, word: str) -> None:
    browser(user).post("/", {"title": f"my {word} idea"})
    desk = browser(admin)

    assert f"<mark>{word}</mark>" in desk.get("/moderation").content.decode()
    address = f"/moderation/users/{user.pk}/ban"
    desk.post(address, {"action": "ban", "reason": ""})
    assert not User.objects.get(pk=user.pk).is_banned
    desk.post(address, {"action": "ban", "reason": "enough"})
    banned = User.objects.get(pk=user.pk)
    assert (banned.is_banned, banned.ban_reason, banned.banned_by) == (True, "enough", admin)
    desk.post(address, {"action": "unban", "reason": "sorry"})
    assert not User.objects.get(pk=user.pk).is_banned


def test_signing_out_ends_the_session_on_the_server(user: User) -> None:
    client = browser(user)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    client.post("/sign-out")

    client.cookies[settings.SESSION_COOKIE_NAME] = cookie
    assert client.get("/").status_code == 302


def test_a_form_without_csrf_token_is_refused(user: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(user, backend=BACKEND)

    assert client.post("/", {"title": "x"}).status_code == 403
    assert not Todo.objects.filter(owner=user).exists()


def test_pages_load_nothing_from_elsewhere_and_nothing_inline(user: User, admin: User) -> None:
    key = todo_create(owner=user, title="x", now=timezone.now()).pk
    desk = ["/moderation", "/moderation/words", f"/moderation/users/{user.pk}"]
    pages = [Client().get("/sign-in"), *map(browser(user).get, ["/", f"/todos/{key}"]), *map(browser(admin).get, desk)]
    for page in pages:
        text = page.content.decode()
        assert page.status_code == 200
        assert not re.search(r"(src|href)=\"(https?:)?//", text)
        assert re.findall(r"<script.*?</script>", text, re.DOTALL) == re.findall(
            r"<script src=\S+ defer></script>", text
        )
        assert not re.search(r"\s(style|on[a-z]+)=", text)


def test_every_admin_table_opens(admin: User, user: User, word: str) -> None:
    todo = todo_create(owner=user, title="x", now=timezone.now())
    browser(user).post("/", {"title": word})
    client = Client()
    client.force_login(admin, backend=BACKEND)
    for table in (
        "accounts/user",
        "accounts/apitoken",
        "todos/todo",
        "moderation/bannedword",
        "moderation/violation",
        "outbox/event",
    ):
        response = client.get(f"/admin/{table}/?q=x")
        assert response.status_code == 200, table
    for change in (f"todos/todo/{todo.pk}", f"accounts/user/{user.pk}"):
        assert client.get(f"/admin/{change}/change/").status_code == 200


def test_admin_has_no_sign_in_of_its_own() -> None:
    response = Client().get("/admin/", follow=True)

    assert response.redirect_chain[-1][0] == "/sign-in?next=%2Fadmin%2F"
    assert Client().post("/admin/login/", {"username": "admin", "password": "x"}).status_code == 405


def test_a_refusal_in_admin_is_told_and_logged_for_the_admin(admin: User, user: User, word: str) -> None:
    client = Client()
    client.force_login(admin, backend=BACKEND)
    form = {
        "owner": str(user.pk),
        "title": f"a {word}",
        "description": "",
        "status": "open",
        "priority": "2",
        "tag_names": "",
    }
    form |= {
        "started_on_0": "",
        "started_on_1": "",
        "completed_on_0": "",
        "completed_on_1": "",
        "due_on_0": "",
        "due_on_1": "",
    }

    response = client.post("/admin/todos/todo/add/", form, follow=True)

    assert f"Banned words: {word}." in response.content.decode()
    assert Violation.objects.get(user=admin).counted is False
    assert not Todo.objects.filter(owner=user).exists()
