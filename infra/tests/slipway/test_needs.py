"""What `doctor` asks of the machine follows the profile and what is built, and the README says the same."""

import json
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from infra.cluster.checks import GIB
from infra.images import api
from infra.lib import gotool
from infra.lib.errors import SlipwayError
from infra.lib.paths import REPOSITORY
from infra.slipway import needs, preflight
from infra.slipway.options import PROFILES
from infra.slipway.power import NODE_IMAGES
from infra.slipway.session import IMAGES
from infra.tests.slipway import fakes

EVERY = (*NODE_IMAGES, *(name for names in IMAGES.values() for name in names))
TOOLS = {"mini": {"node"}, "standard": {"node", "gatekeeper", "istio", "vault"}}
COLD = {profile: needs.of(profile, tools=TOOLS.get(profile, TOOLS["standard"]), images=EVERY) for profile in PROFILES}


def cache(monkeypatch: pytest.MonkeyPatch, folder: Path, *, tools: set[str], images: tuple[str, ...]) -> None:
    """A cache that has these."""

    def path_of(tool: str) -> Path:
        (folder / tool).touch() if tool in tools else None
        return folder / tool

    def status(_: object) -> list[api.Row]:
        return [api.Row(name, name, 1 if name in images else None, timedelta()) for name in EVERY]

    monkeypatch.setattr(gotool, "path_of", path_of)
    monkeypatch.setattr(api, "status", status)


@pytest.mark.parametrize(
    ("profile", "tools", "images", "memory", "disk"),
    [
        ("mini", set(), (), 4, 12),
        ("mini", {"node"}, EVERY, 2, 1),
        ("mini", {"node"}, (), 2, 4),
        ("standard", set(), (), 8, 27),
        ("standard", {"node"}, EVERY, 8, 27),
        ("standard", TOOLS["standard"] - {"vault"}, EVERY, 8, 27),
        ("standard", TOOLS["standard"] - {"node"}, EVERY, 5, 12),
        ("standard", TOOLS["standard"], (), 3, 4),
        ("full", set(), (), 8, 27),
        ("full", TOOLS["standard"], EVERY, 3, 1),
    ],
)
def test_more_is_needed_for_a_larger_profile_and_for_what_is_not_built(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    *,
    profile: str,
    tools: set[str],
    images: tuple[str, ...],
    memory: int,
    disk: int,
) -> None:
    cache(monkeypatch, tmp_path, tools=tools, images=images)

    found = needs.needs(fakes.session(profile=profile))

    assert ((found.runs + found.builds) // GIB, found.cache // GIB) == (memory, disk)
    assert found.purpose.startswith(f"profile {profile}")
    assert found.purpose.endswith("with its builds") is (found.builds > 0)


def test_who_cannot_tell_what_is_built_builds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    cache(monkeypatch, tmp_path, tools={"node"}, images=EVERY)

    def refuse(_: object) -> list[api.Row]:
        raise SlipwayError("uv is not installed")

    monkeypatch.setattr(api, "status", refuse)
    assert needs.needs(fakes.session()).cache == needs.IMAGES.cache * GIB


def test_doctor_asks_for_the_chosen_profile(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    cache(monkeypatch, tmp_path, tools=set(), images=())
    monkeypatch.setattr("psutil.virtual_memory", lambda: type("Memory", (), {"available": 6 * GIB}))

    told = {
        profile: [
            each.message for each in preflight.machine(fakes.session(profile=profile)) if each.subject == "memory"
        ]
        for profile in ("mini", "standard")
    }

    assert told == {
        "mini": ["6.0 GiB available"],
        "standard": ["6.0 GiB available, profile standard with its builds wants 8"],
    }


def test_no_profile_was_measured_to_need_more_than_is_asked_for() -> None:
    rows = json.loads((REPOSITORY / "docs" / "performance" / "bench.json").read_text(encoding="utf-8"))["rows"]
    figures: Mapping[str, float] = {row["id"]: row["value"] for row in rows}

    assert figures["mem_mini"] < needs.RUNS["mini"]
    assert figures["mem_mini"] + figures["mem_security"] / 1024 < needs.RUNS["standard"]
    assert figures["mem_full"] < needs.RUNS["full"]
    assert figures["disk_peak"] * 1e9 < needs.NODE.cache * GIB


def test_the_readme_asks_for_the_same() -> None:
    told = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    found = re.search(
        r"free at the first `make up`: (\d+) GiB of memory, (\d+) GiB of disk for `mini`;"
        r"\s(\d+) and (\d+) for `standard` and `full`",
        told,
    )

    assert found
    asked = {profile: ((each.runs + each.builds) // GIB, each.cache // GIB) for profile, each in COLD.items()}
    mini, larger = tuple(map(int, found.groups()))[:2], tuple(map(int, found.groups()))[2:]
    assert asked == {"mini": mini, "standard": larger, "full": larger}
