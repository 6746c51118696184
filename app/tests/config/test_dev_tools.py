"""The development tools: work behind their flag, are refused where users are, cost nothing otherwise."""

import os
import subprocess
import sys
import tomllib
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from config.environment import SettingsInvalid, load
from tests.servers import Servers, end, free_port, start, wait

MANAGE = str(settings.BASE_DIR / "manage.py")


@pytest.mark.parametrize("where", ["staging", "production"])
def test_they_are_refused_where_users_are_beside_every_other_problem(
    monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    monkeypatch.setenv("TODO_ENVIRONMENT", where)
    monkeypatch.setenv("TODO_DEV_TOOLS", "true")
    monkeypatch.setenv("TODO_DATABASE_PORT", "many")

    with pytest.raises(SettingsInvalid) as told:
        load()

    assert f"TODO_DEV_TOOLS is 'true' in environment {where}; expected: false" in str(told.value)
    assert "TODO_DATABASE_PORT is 'many'" in str(told.value)


def test_without_the_flag_nothing_of_them_is_imported() -> None:
    assert not {"debug_toolbar", "silk", "config.dev_tools"} & set(sys.modules)


def test_the_image_has_none_of_their_packages() -> None:
    project = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text(encoding="utf-8"))
    tools = project["dependency-groups"]["devtools"]

    assert {"django-debug-toolbar", "django-silk", "line-profiler", "pyprof2calltree", "snakeviz"} <= set(tools)
    assert not set(tools) & {name.partition("==")[0] for name in project["project"]["dependencies"]}
    dockerfile = (settings.BASE_DIR / "Dockerfile").read_text(encoding="utf-8")
    assert "--no-dev" in dockerfile  # devtools is a dev group of uv: only the default groups and none of ours


@pytest.fixture
def site(servers: Servers, tmp_path: Path) -> Iterator[str]:
    """The service with the flag, on a database of its own."""
    servers.psql("CREATE DATABASE devtools OWNER todo")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("TODO_", "DJANGO_"))}
    ours = {"TODO_DEV_TOOLS": "true", "TODO_DATABASE_NAME": "devtools", "DJANGO_SETTINGS_MODULE": "config.settings"}
    environment = {**clean, **servers.environment(), **ours}
    subprocess.run([sys.executable, MANAGE, "bootstrap"], env=environment, check=True, timeout=100, capture_output=True)
    port, log = free_port(), tmp_path / "site.log"
    command = ["env", *(f"{name}={value}" for name, value in environment.items()), sys.executable, MANAGE]
    process = start([*command, "runserver", "--noreload", f"127.0.0.1:{port}"], log)
    try:
        wait(process, port, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        end(process)
        servers.psql("DROP DATABASE devtools WITH (FORCE)")


@pytest.mark.integration
def test_both_work_with_the_flag(site: str, servers: Servers) -> None:
    def get(path: str) -> str:
        with urllib.request.urlopen(f"{site}{path}", timeout=30) as answer:  # noqa: S310 - loopback only
            return str(answer.read().decode())

    page = get("/sign-in")

    assert 'id="djDebug"' in page
    assert get("/static/debug_toolbar/js/toolbar.js")
    assert "/sign-in" in recorded(servers)
    assert "/sign-in" in urllib.request.urlopen(f"{site}/silk/", timeout=30).url  # noqa: S310 - loopback only


def recorded(servers: Servers) -> str:
    """The addresses that silk has recorded."""
    return servers.psql("SELECT string_agg(path, ' ') FROM silk_request", database="devtools")
