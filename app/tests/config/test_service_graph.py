"""The requests that the service graph lets callers send are the service's own routes: all of them, and only those."""

import re

import pytest
from django.conf import settings

from tests import graph
from tests.access import API, PAGES

# Django's own: any address below, by reading and by sending forms.
ADMIN = {(method, "/admin/users/") for method in ("GET", "POST")}
STATIC = {("GET", f"/{settings.STATIC_URL.strip('/')}/style.css")}
# What a browser or a client may ask wherever it may GET, and wherever there is an API.
IMPLIED = {"HEAD": "GET", "OPTIONS": "GET"}


def routes() -> set[tuple[str, str]]:
    """Method and an address of each route that users have."""
    declared = {(method, "/" + re.sub(r"<[^>]*>", "key", route)) for route, method in {**API, **PAGES}}
    return declared | ADMIN | STATIC


def refused(rules: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Routes that no rule lets through."""
    return sorted(
        (method, path)
        for method, path in routes()
        if not any(method == allowed and graph.matches(pattern, path) for allowed, pattern in rules)
    )


def unused(rules: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Rules that fit no route."""
    return sorted(
        (method, pattern)
        for method, pattern in rules
        if not any(
            IMPLIED.get(method, method) == allowed and graph.matches(pattern, path) for allowed, path in routes()
        )
    )


@pytest.mark.parametrize("caller", ["forwarder", "gateway"])
def test_users_reach_every_route_and_nothing_else(caller: str) -> None:
    rules = graph.requests(caller, "http")

    assert rules
    assert (refused(rules), unused(rules)) == ([], [])


def test_whoever_may_get_may_ask_for_the_head_alone() -> None:
    rules = graph.requests("gateway", "http")

    assert {pattern for method, pattern in rules if method == "GET"} == {
        pattern for method, pattern in rules if method == "HEAD"
    }


def test_a_route_without_a_rule_and_a_rule_without_a_route_are_found() -> None:
    rules = graph.requests("gateway", "http")

    assert refused([rule for rule in rules if rule[1] != "/sign-in"]) == [("GET", "/sign-in"), ("POST", "/sign-in")]
    assert unused([*rules, ("PUT", "/api/v1/*")]) == [("PUT", "/api/v1/*")]
