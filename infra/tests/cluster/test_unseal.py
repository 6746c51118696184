"""The Vault beside the node: what it is told agrees with the cluster's, and its key is lost in no known way."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from infra.cluster.embedded import unseal
from infra.components import vault_config, vault_pod
from infra.components.places import VAULT_NAMESPACE


def test_both_ends_have_the_same_names() -> None:
    assert unseal.PORT == vault_config.NODE_PORT
    assert unseal.KEY == vault_config.NODE_KEY
    assert (unseal.NAMESPACE, unseal.ACCOUNT) == (VAULT_NAMESPACE, "vault")
    assert f"role={unseal.ROLE} " in vault_pod.SIGN_IN


def test_who_may_use_the_key_may_do_nothing_else() -> None:
    assert unseal.POLICY.count("path ") == 2
    assert "*" not in unseal.POLICY


def test_a_private_file_is_the_owners_alone_and_replaced_at_once(tmp_path: Path) -> None:
    file = tmp_path / "key"
    unseal.write_private(file, b"one")
    unseal.write_private(file, b"two")

    assert file.read_bytes() == b"two"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["key"]


class Answers:
    """A Vault that is initialised, sealed or not."""

    def __init__(self, *, initialized: bool, sealed: bool) -> None:
        self.status = {"initialized": initialized, "sealed": sealed}
        self.asked: list[str] = []

    def __call__(self, *_: object, **__: object) -> "Answers":
        return self

    def ask(self, method: str, path: str, body: Any = None, **_: object) -> dict[str, Any]:  # noqa: ANN401 - any JSON
        self.asked.append(f"{method} {path}")
        return {"keys_base64": ["a-key"], **self.status}


def attempt(folder: Path, answers: Answers, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "data").mkdir(exist_ok=True)
    (folder / "settings.json").write_text(json.dumps({"authority": "", "kubernetes": {}}))
    monkeypatch.setattr(unseal, "_Vault", answers)
    unseal.attempt(folder)


def test_the_key_is_kept_before_it_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = Answers(initialized=False, sealed=True)
    with pytest.raises(unseal.NotYetError, match="initialised"):
        attempt(tmp_path, answers, monkeypatch)

    assert (tmp_path / "key").read_text() == "a-key"
    assert answers.asked == ["GET sys/seal-status", "PUT sys/init"]


def test_a_key_whose_answer_was_lost_before_anything_was_sealed_begins_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "vault.db").touch()
    with pytest.raises(unseal.BeginAnewError):
        attempt(tmp_path, Answers(initialized=True, sealed=True), monkeypatch)

    assert list((tmp_path / "data").iterdir()) == []


def test_once_it_has_sealed_something_nothing_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "vault.db").touch()
    (tmp_path / "configured").touch()
    with pytest.raises(unseal.NotYetError, match="key is lost"):
        attempt(tmp_path, Answers(initialized=True, sealed=True), monkeypatch)

    assert (tmp_path / "data" / "vault.db").exists()
