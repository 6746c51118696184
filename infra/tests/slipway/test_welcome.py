"""What `up` ends with: credentials where they protect nothing real, the place of them elsewhere."""

import json

import pytest

from infra.slipway import welcome
from infra.tests.slipway import fakes

SECRET = {"admin-password": "a[b]c", "demo-password": "d-1"}


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.slipway.kube.client", lambda _: None)
    monkeypatch.setattr("infra.slipway.kube.secret_values", lambda *_, **__: SECRET)


def test_local_prints_url_and_credentials_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    welcome.show(fakes.session(), changed=3)

    said = capsys.readouterr().out
    assert "http://127.0.0.1:8080/" in said
    assert "admin  password a[b]c" in said
    assert "demo  password d-1" in said
    assert "3 objects changed" in said


def test_other_environments_print_only_where_passwords_are(capsys: pytest.CaptureFixture[str]) -> None:
    welcome.show(fakes.session(environment="staging"), changed=0)

    said = capsys.readouterr().out
    assert "a[b]c" not in said
    assert "get secret todo-app" in said


def test_programs_get_one_result_line(capsys: pytest.CaptureFixture[str]) -> None:
    welcome.show(fakes.session(json=True), changed=0)

    assert json.loads(capsys.readouterr().out) == {
        "event": "result",
        "url": "http://127.0.0.1:8080/",
        "credentials": {"admin": "a[b]c", "demo": "d-1"},
        "changed": 0,
    }
