"""Settings: everything wrong is told at once, in the operator's terms."""

from pathlib import Path

import pytest

from config.environment import SettingsInvalid, load

GOOD = {
    "TODO_ENVIRONMENT": "local",
    "TODO_PUBLIC_URL": "http://127.0.0.1:8080",
    "TODO_ALLOWED_HOSTS": "127.0.0.1, todo.example.org",
    "TODO_DATABASE_HOST": "db",
    "TODO_REDIS_HOST": "redis",
}


@pytest.fixture(autouse=True)
def good(monkeypatch: pytest.MonkeyPatch, secrets_dir: Path) -> None:
    for name in ("TODO_BAN_THRESHOLD", "TODO_DEMO_USER"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {**GOOD, "TODO_SECRETS_DIR": str(secrets_dir)}.items():
        monkeypatch.setenv(name, value)


def test_good_settings_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TODO_INITIAL_WORDS", "one, two,,")
    monkeypatch.setenv("TODO_TRUSTED_PROXIES", "10.0.0.0/8, 192.0.2.1")

    environment, secrets = load()

    assert environment.allowed_hosts == ("127.0.0.1", "todo.example.org")
    assert environment.initial_words == ("one", "two")
    assert environment.trusted_proxies == ("10.0.0.0/8", "192.0.2.1/32")
    assert environment.ban_threshold == 15
    assert secrets.read("database-password") == "value-of-database-password"


def test_every_problem_is_told_at_once(monkeypatch: pytest.MonkeyPatch, secrets_dir: Path) -> None:
    monkeypatch.delenv("TODO_REDIS_HOST")
    monkeypatch.setenv("TODO_DATABASE_PORT", "many")
    monkeypatch.setenv("TODO_ENVIRONMENT", "prod")
    monkeypatch.setenv("TODO_PUBLIC_URL", "todo.example.org/path")
    monkeypatch.setenv("TODO_TRUSTED_PROXIES", "10.0.0.0/8,10.0.0.1/8")
    (secrets_dir / "django-secret-key").unlink()
    (secrets_dir / "redis-password").write_text(" \n", encoding="utf-8")

    with pytest.raises(SettingsInvalid) as told:
        load()

    text = str(told.value)
    assert "TODO_REDIS_HOST is missing; expected: a host name or address" in text
    assert "TODO_DATABASE_PORT is 'many'; expected: a port, 1..65535" in text
    assert "TODO_ENVIRONMENT is 'prod'; expected: 'local', 'dev', 'staging' or 'production'" in text
    assert "TODO_PUBLIC_URL is 'todo.example.org/path'; expected: the origin" in text
    assert "TODO_TRUSTED_PROXIES is '10.0.0.1/8'; expected: networks" in text
    assert "django-secret-key" in text
    assert "redis-password" in text
    assert len(told.value.problems) == 7


def test_a_misspelt_name_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TODO_BAN_TRESHOLD", "3")

    with pytest.raises(SettingsInvalid, match="TODO_BAN_TRESHOLD is not a setting; did you mean TODO_BAN_THRESHOLD"):
        load()


def test_names_that_kubernetes_adds_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TODO_APP_WEB_PORT", "tcp://10.0.0.1:80")
    monkeypatch.setenv("TODO_APP_WEB_SERVICE_HOST", "10.0.0.1")

    load()


def test_no_value_of_a_secret_is_told(monkeypatch: pytest.MonkeyPatch, secrets_dir: Path) -> None:
    (secrets_dir / "database-password").write_bytes(b"\xff\xfe canary")

    with pytest.raises(SettingsInvalid) as told:
        load()

    assert "canary" not in str(told.value)
    assert "not UTF-8" in str(told.value)
