"""Every route is declared; an undeclared one fails here, before anybody can call it."""

import re
from collections.abc import Iterator

from django.urls import URLPattern, URLResolver, get_resolver

from tests.access import API, PAGES, PUBLIC


def routes(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    """All routes but those of /admin, which Django declares itself."""
    for entry in resolver.url_patterns:
        path = prefix + str(entry.pattern)
        if path.startswith("admin/"):
            continue
        if isinstance(entry, URLResolver):
            yield from routes(entry, path)
        else:
            yield path, entry


def found() -> set[tuple[str, str]]:
    """Route and method of each handler of the API's classes."""
    pairs = set()
    for path, entry in routes(get_resolver()):
        view = getattr(entry.callback, "cls", None)
        if view is not None:
            methods = {name.upper() for name in ("get", "post", "put", "patch", "delete") if hasattr(view, name)}
            pairs |= {(path, method) for method in methods}
    return pairs


def admin_addresses() -> list[str]:
    """Every address of /admin, with a key that nothing has where one is needed."""
    absent = {"object_id": "01900000-0000-7000-8000-000000000000", "app_label": "accounts", "content_type_id": "1"}
    addresses = []
    for entry in admin_routes(get_resolver()):
        path = re.sub(r"<(?:\w+:)?(\w+)>", lambda match: absent.get(match[1], "1"), entry)
        if not re.search(r"[\^$(?]", path):
            addresses.append(f"/{path}")
    return sorted(set(addresses))


def admin_routes(resolver: URLResolver, prefix: str = "") -> Iterator[str]:
    """The routes below /admin as they are written."""
    for entry in resolver.url_patterns:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from admin_routes(entry, path)
        elif path.startswith("admin/") and path != "admin/login/":
            yield path


def test_the_admin_has_addresses_for_the_matrix() -> None:
    assert {"/admin/", "/admin/accounts/user/"} <= set(admin_addresses())
    assert len(admin_addresses()) >= 30


def test_each_method_of_the_api_is_declared_and_no_other() -> None:
    assert found() == set(API)


def test_each_page_is_declared_and_no_other() -> None:
    pages = {path for path, entry in routes(get_resolver()) if not hasattr(entry.callback, "cls")}

    assert pages == {path for path, _ in PAGES}


def test_only_what_is_meant_to_be_public_answers_nobody() -> None:
    everything = {**API, **PAGES}
    answered = {pair for pair, statuses in everything.items() if statuses[0] < 400 and statuses[0] != 302}

    assert answered | {("sign-in", "POST"), ("sign-out", "POST")} == PUBLIC
