"""`slipway kubectl` passes words on as they are."""

import pytest

from infra.slipway import cli


def test_the_dashes_and_what_follows_reach_kubectl(monkeypatch: pytest.MonkeyPatch) -> None:
    got: list[str] = []
    monkeypatch.setattr("infra.slipway.kubectl.replace", lambda _, *words: got.extend(words))
    words = ["-n", "todo", "exec", "deploy/x", "--", "python", "-c", "print(1)"]

    assert cli._run(["kubectl", *words]) == 0
    assert got == words
