"""The service graph, as the service's tests read it: contracts/service-graph.yaml is shared as data."""

from functools import cache
from typing import Any

import yaml
from django.conf import settings


@cache
def graph() -> dict[str, Any]:
    """The whole file."""
    file = settings.BASE_DIR.parent / "contracts" / "service-graph.yaml"
    content: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return content


def targets(caller: str) -> set[str]:
    """Whom a workload is declared to call."""
    return {call["to"] for call in graph()["calls"] if caller in call["from"]}


def requests(caller: str, port: str) -> list[tuple[str, str]]:
    """Method and pattern of each request that a caller may send to the web pods."""
    found = [
        call for call in graph()["calls"] if caller in call["from"] and (call["to"], call["port"]) == ("web", port)
    ]
    rules = [rule for call in found for rule in call.get("http", [])]
    return [(method, pattern) for rule in rules for method in rule["methods"] for pattern in rule["paths"]]


def matches(pattern: str, path: str) -> bool:
    """A whole path, or the beginning before a final `*`."""
    return path.startswith(pattern[:-1]) if pattern.endswith("*") else path == pattern
