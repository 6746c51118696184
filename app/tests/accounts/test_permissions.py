"""Permissions given to a user who is no administrator: by API token, session, identity provider and admin alike."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import get_resolver

from tests.access import permission
from tests.config.test_urls import routes
from tests.conftest import api
from tests.issuer import Issuer, issuer
from tests.pages.signed_in import signed_in
from todo_app.accounts.models import ExternalIdentity, Role, User
from todo_app.accounts.scopes import FOR_USERS, PERMITTED, RESOURCES, Scope, scopes_of
from todo_app.api.permissions import SignedIn
from todo_app.moderation.models import BannedWord

__all__ = ["issuer"]
OPENED = {
    "accounts.ban_user": ("/api/v1/violations", "/moderation"),
    "moderation.manage_words": ("/api/v1/banned-words", "/moderation/words"),
}
give = pytest.mark.parametrize("name", OPENED)


def by_group(user: User, name: str) -> Group:
    """Made a member of a new group that has it."""
    group = Group.objects.create(name=f"{name} {user.username}")
    group.permissions.add(permission(name))
    user.groups.add(group)
    return group


def test_scopes_follow_permissions_and_nothing_is_left_out() -> None:
    assert scopes_of(may=lambda _name: True) == Scope.values
    assert {scope.partition(":")[0] for scope in scopes_of(may=lambda _name: False)} == FOR_USERS
    assert FOR_USERS.union(*PERMITTED.values()) == RESOURCES


def test_every_endpoint_asks_for_a_permission_that_opens_its_resource() -> None:
    judged = set()
    for path, entry in routes(get_resolver()):
        view = getattr(entry.callback, "cls", None)
        if view is None:
            continue
        for found in view.permission_classes:
            name = getattr(found, "permission", "")
            judged.add(name)
            assert issubclass(found, SignedIn), path
            assert view.resource in (PERMITTED[name] if name else FOR_USERS), path
    assert judged == {"", *PERMITTED}


@pytest.mark.integration
@give
def test_a_permission_opens_api_and_page_until_it_is_withdrawn(user: User, name: str) -> None:
    address, page = OPENED[name]
    other_address, other_page = next(pair for key, pair in OPENED.items() if key != name)
    user.user_permissions.add(permission(name))
    client, session = api(user), signed_in(user)

    assert (client.get(address).status_code, session.get(page).status_code) == (200, 200)
    assert (client.get(other_address).status_code, session.get(other_page).status_code) == (403, 403)
    assert session.get("/admin/").status_code == 302, "the role admin opens /admin, nothing else"
    shown = session.get("/").content.decode()
    assert (f'href="{page}"' in shown, f'href="{other_page}"' in shown) == (True, False)

    user.user_permissions.clear()

    assert (client.get(address).status_code, session.get(page).status_code) == (403, 403)
    assert f'href="{page}"' not in session.get("/").content.decode()
    assert client.get("/api/v1/auth/me").status_code == 200, "the rest of the token stays good"


@pytest.mark.integration
@give
def test_a_group_opens_it_until_the_user_leaves(user: User, name: str) -> None:
    group = by_group(user, name)
    client = api(user)
    assert client.get(OPENED[name][0]).status_code == 200

    group.user_set.remove(user)

    assert client.get(OPENED[name][0]).status_code == 403
    body = {"username": user.username, "password": f"passphrase-{user.username}"}
    issued = Client().post("/api/v1/auth/tokens", body, content_type="application/json").json()
    assert {scope.partition(":")[0] for scope in issued["scopes"]} == FOR_USERS


@pytest.mark.integration
def test_a_moderator_bans_and_sees_whom(user: User, make_user: Callable[..., User]) -> None:
    by_group(user, "accounts.ban_user")
    target = make_user()
    body = {"user_ids": [str(target.pk)], "action": "ban", "reason": "spam"}

    answer = api(user).post("/api/v1/users/ban", body, content_type="application/json")

    assert answer.json()["changed"] == [str(target.pk)]
    assert api(user).get(f"/api/v1/users/{target.pk}").json()["ban_reason"] == "spam"


@pytest.mark.integration
def test_patterns_are_left_to_administrators(admin: User, user: User) -> None:
    """One that fits every text would ban whoever writes: more than the permission to ban gives."""
    user.user_permissions.add(permission("moderation.manage_words"))
    body = {"word": "zq+[.]zq", "kind": "pattern", "severity": 1}
    file = "word,kind,severity\nzq+[.]zq,pattern,low\n"

    refused = api(user).post("/api/v1/banned-words", body, content_type="application/json")
    imported = api(user).generic("POST", "/api/v1/banned-words/import", file, content_type="text/csv")
    page = signed_in(user).post("/moderation/words", body)

    assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (422, "pattern-refused")
    assert (imported.status_code, page.status_code) == (422, 422)
    assert all("only administrators add patterns" in each.content.decode() for each in (refused, imported, page))
    made = api(admin).post("/api/v1/banned-words", body, content_type="application/json")
    assert made.status_code == 201
    BannedWord.objects.get(pk=made.json()["id"]).delete()


@pytest.mark.integration
@pytest.mark.parametrize("action", ["ban", "unban", "toggle"])
def test_a_moderator_touches_no_administrators_ban(user: User, make_user: Callable[..., User], action: str) -> None:
    by_group(user, "accounts.ban_user")
    free, banned = make_user(role=Role.ADMIN), make_user(role=Role.ADMIN)
    make_user(role=Role.ADMIN)  # not the last one: that is refused for another reason
    body = {"user_ids": [str(banned.pk)], "action": "ban", "reason": "left the team"}
    api(free).post("/api/v1/users/ban", body, content_type="application/json")
    target = banned if action == "unban" else free
    body = {"user_ids": [str(target.pk)], "action": action, "reason": "spam"}

    answer = api(user).post("/api/v1/users/ban", body, content_type="application/json")

    assert (answer.json()["refused"], answer.json()["changed"]) == ([str(target.pk)], [])
    target.refresh_from_db()
    assert target.is_banned is (action == "unban")


@pytest.mark.integration
@give
def test_an_identity_providers_token_is_judged_the_same(issuer: Issuer, name: str) -> None:
    client = Client(headers={"Authorization": f"Bearer {issuer.token(sub=name, scope=' '.join(Scope.values))}"})
    address, _ = OPENED[name]
    assert client.get(address).status_code == 403

    user = ExternalIdentity.objects.get(issuer=issuer.url, subject=name).user
    user.user_permissions.add(permission(name))

    assert client.get(address).status_code == 200
    user.user_permissions.clear()
    assert client.get(address).status_code == 403


@pytest.mark.integration
def test_groups_and_permissions_are_given_in_admin(admin: User, user: User) -> None:
    client, words = signed_in(admin), permission("moderation.manage_words")
    made = client.post("/admin/auth/group/add/", {"name": f"of {user.username}", "permissions": [str(words.pk)]})
    group = Group.objects.get(name=f"of {user.username}")
    where = f"/admin/accounts/user/{user.pk}/change/"
    page = client.get(where)
    form = page.context["adminform"].form
    data = {"username": user.username, "role": Role.USER, "seen": form.initial["seen"]}

    saved = client.post(where, data | {"groups": [str(group.pk)], "user_permissions": [str(words.pk)]})

    assert (made.status_code, saved.status_code) == (302, 302)
    assert {"groups", "user_permissions"} <= set(form.fields)
    assert "is_superuser" not in form.fields
    offered = [f"{row.content_type.app_label}.{row.codename}" for row in form.fields["user_permissions"].queryset]
    assert sorted(offered) == sorted(PERMITTED)
    assert (list(user.groups.all()), list(user.user_permissions.all())) == ([group], [words])
    assert api(user).get("/api/v1/banned-words").status_code == 200
