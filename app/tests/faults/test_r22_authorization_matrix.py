"""R22: every (route, method) of the resolver against every kind of caller, pages and /admin included."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import get_resolver

from tests.access import API, PAGES, ROLES, cast_made, media_type, scope_of
from tests.api.test_authorization import BAD, ban, body_bytes, credential, prepared
from tests.config.test_urls import admin_addresses, found, routes
from tests.conftest import api
from tests.faults.harness import Fault, FaultRun
from todo_app.accounts.models import User
from todo_app.api.permissions import SignedIn

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]
FAULT = Fault(
    id="R22",
    title="authz-matrix",
    promise="every cell of caller, route and method answers as declared, and every route is declared",
    defect="a permission class forgets the token's scope",
)
BACKEND = "todo_app.accounts.backends.AccountBackend"
Make = Callable[..., User]
Cast = dict[str, User]


def cast_of(make_user: Make) -> Cast:
    """One user for each role that is somebody; a cast lasts for one route, whose refusals must not ban its owner."""
    cast = cast_made(make_user)
    ban(cast)
    return {name: User.objects.get(pk=user.pk) for name, user in cast.items()}


def api_cells(make_user: Make) -> tuple[int, list[str]]:
    """The declared columns of the API."""
    wrong = []
    for (route, method), wanted in API.items():
        cast = cast_of(make_user)
        for role, status in zip(ROLES, wanted, strict=True):
            client = api(cast.get(role))
            address, body = prepared(route, method, cast, role)
            headers = {"If-Match": "*"} if method == "PATCH" else {}
            answer = client.generic(
                method, address, body_bytes(body), content_type=media_type(route, method), headers=headers
            )
            if answer.status_code != status:
                wrong.append(f"{method} {route} {role}: {answer.status_code}, declared {status}")
    return len(API) * len(ROLES), wrong


def bad_token_cells(make_user: Make) -> tuple[int, list[str]]:
    """Expired, forged and too narrow tokens."""
    wrong = []
    for (route, method), statuses in API.items():
        cast = cast_of(make_user)
        for kind in BAD:
            address, body = prepared(route, method, cast, "admin")
            token = credential(kind, cast["admin"], scope=scope_of(route, method))
            client = Client(headers={"Authorization": f"Bearer {token}"})
            answer = client.generic(method, address, body_bytes(body), content_type=media_type(route, method))
            open_to_all = statuses[ROLES.index("admin")] if statuses[0] < 400 else 403
            wanted = open_to_all if kind == "narrow" else 401
            if answer.status_code != wanted:
                wrong.append(f"{method} {route} {kind}: {answer.status_code}, declared {wanted}")
    return len(API) * len(BAD), wrong


def page_cells(make_user: Make) -> tuple[int, list[str]]:
    """The declared columns of the pages, and a session cookie that is not ours, which is nobody."""
    wrong = []
    for (route, method), statuses in PAGES.items():
        cast = cast_of(make_user)
        for role, status in zip((*ROLES, "forged"), (*statuses, statuses[0]), strict=True):
            client = Client()
            if role in cast:
                client.force_login(cast[role], backend=BACKEND)
            elif role == "forged":
                client.cookies["sessionid"] = "a" * 32
            address, body = prepared(route, method, cast, role)
            answer = client.get(address) if method == "GET" else client.post(address, body)
            if answer.status_code != status:
                wrong.append(f"{method} /{route} {role}: {answer.status_code}, declared {status}")
    return len(PAGES) * (len(ROLES) + 1), wrong


def admin_cells(make_user: Make) -> tuple[int, list[str]]:
    """All of /admin: sign-in page for nobody and users, 403 for the banned, an answer without an error for admins."""
    wrong, addresses, cast = [], admin_addresses(), cast_of(make_user)
    clients = {role: Client() for role in ROLES}
    for role in ROLES[1:]:
        clients[role].force_login(cast[role], backend=BACKEND)
    for address in addresses:
        for role in ROLES:
            if role == "banned":  # the first 403 ends the session, so each cell needs one of its own
                clients[role] = Client()
                clients[role].force_login(cast[role], backend=BACKEND)
            status = clients[role].get(address).status_code
            right = {"banned": status == 403, "admin": status < 500}.get(role, status in {302, 403, 405})
            if not right:
                wrong.append(f"GET {address} {role}: {status}")
    return len(addresses) * len(ROLES), wrong


def undeclared() -> list[str]:
    """Routes and methods that the declaration does not know."""
    pages = {path for path, entry in routes(get_resolver()) if not hasattr(entry.callback, "cls")}
    return [f"undeclared: {pair}" for pair in [*(found() ^ set(API)), *(pages ^ {path for path, _ in PAGES})]]


def probe(run: FaultRun, make_user: Make) -> None:
    """The whole matrix once."""
    cells, wrong = 0, undeclared()
    for part in (api_cells, bad_token_cells, page_cells, admin_cells):
        number, found_wrong = part(make_user)
        cells, wrong = cells + number, wrong + found_wrong
    assert cells >= 300
    run.verdict(n=cells, failures=len(wrong), note="; ".join(wrong[:5]))


def test_promise_holds(fault_run: FaultRun, make_user: Make) -> None:
    probe(fault_run, make_user)


def test_defect_turns_it_red(fault_run: FaultRun, make_user: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SignedIn, "has_permission", lambda _self, request, _view: request.user is not None)
    probe(fault_run, make_user)


def test_a_route_nobody_declared_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other twin: without its declaration a route of today is an undeclared one."""
    monkeypatch.delitem(API, ("api/v1/users/ban", "POST"))

    assert undeclared()
