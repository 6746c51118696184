"""The first run: keys are kept before anything else, root ends, and a run that was killed anywhere can be run again."""

import json
from types import SimpleNamespace
from typing import Any

import hvac  # type: ignore[import-untyped] # ships no types
import pytest

from infra.vault import first
from infra.vault.first import KEYS, RECOVERY, ROOT, StuckError


class Kept:
    """The cluster's Secrets."""

    def __init__(self, **values: bytes) -> None:
        self.secrets: dict[str, dict[str, bytes]] = {RECOVERY: dict(values)} if values else {}

    def secret(self, _namespace: str, name: str) -> dict[str, bytes]:
        return self.secrets.get(name, {})

    def keep_secret(self, _namespace: str, name: str, values: dict[str, bytes]) -> None:
        self.secrets[name] = dict(values)


class Vault:
    """As much of a client as the first run asks for; `roots` are tokens that are root's."""

    def __init__(self, *, initialised: bool = False, roots: tuple[str, ...] = (), role: str = "") -> None:
        self.initialised, self.roots, self.role, self.token = initialised, set(roots), role, ""
        self.seen: list[str] = []
        self.sys = SimpleNamespace(is_initialized=lambda: self.initialised)
        self.adapter = SimpleNamespace(put=self._put)
        self.auth = SimpleNamespace(kubernetes=SimpleNamespace(login=self._login))

    def _put(self, path: str, json: dict[str, int]) -> dict[str, Any]:
        self.seen.append(f"{path} {json['recovery_shares']} {json['recovery_threshold']}")
        self.initialised = True
        self.roots.add("the-root")
        return {"recovery_keys_base64": ["one", "two"], "root_token": "the-root"}

    def _login(self, *, role: str, jwt: str) -> None:
        if role != self.role:
            raise hvac.exceptions.InvalidRequest("no such role")
        self.token = f"{role} by {jwt}"

    def is_authenticated(self) -> bool:
        return self.token in self.roots

    def write_data(self, path: str, *, data: dict[str, Any]) -> None:
        assert (path, data) == ("auth/token/revoke-self", {})
        self.roots.discard(self.token)


def sign_in(vault: Vault, kept: Kept) -> bool:
    return first.sign_in(vault, kept, "vault", role="boot", token="jwt")  # type: ignore[arg-type] # a stand-in


def initialise(vault: Vault, kept: Kept, told: list[str]) -> None:
    first.initialise(vault, kept, "vault", told=told.append)  # type: ignore[arg-type] # a stand-in


def test_the_keys_are_kept_and_never_told() -> None:
    vault, kept, told = Vault(), Kept(), list[str]()

    initialise(vault, kept, told)

    assert vault.seen == ["/v1/sys/init 5 3"]
    assert json.loads(kept.secrets[RECOVERY][KEYS]) == ["one", "two"]
    assert kept.secrets[RECOVERY][ROOT] == b"the-root"
    assert "the-root" not in " ".join(told)


def test_what_is_initialised_is_left_alone() -> None:
    vault, kept = Vault(initialised=True), Kept()

    initialise(vault, kept, [])

    assert (vault.seen, kept.secrets) == ([], {})


def test_a_run_from_start_to_end_leaves_no_root() -> None:
    vault, kept = Vault(role="boot"), Kept()
    initialise(vault, kept, [])

    assert sign_in(vault, kept)
    first.end_root(vault, kept, "vault")  # type: ignore[arg-type] # a stand-in

    assert vault.roots == set()
    assert set(kept.secrets[RECOVERY]) == {KEYS}
    assert not sign_in(vault, kept), "the next run signs in as a service account"
    assert vault.token == "boot by jwt"


def test_a_run_killed_after_revoking_is_taken_up_and_the_dead_token_forgotten() -> None:
    vault, kept = Vault(initialised=True, role="boot"), Kept(**{KEYS: b"[]", ROOT: b"dead"})

    assert not sign_in(vault, kept)
    first.forget_root(kept, "vault")  # type: ignore[arg-type] # a stand-in

    assert kept.secrets[RECOVERY] == {KEYS: b"[]"}


def test_nothing_kept_and_no_role_is_a_persons_matter() -> None:
    with pytest.raises(StuckError, match=r"no root token is kept .* docs/runbooks/vault.md"):
        sign_in(Vault(initialised=True), Kept())


@pytest.mark.parametrize(
    ("wait", "why"), [(first.answering, "does not answer"), (first.unsealed, "stays sealed: make doctor")]
)
def test_a_vault_that_stays_away_or_sealed_is_told_at_the_deadline(wait: Any, why: str) -> None:  # noqa: ANN401 - either
    sealed = SimpleNamespace(read_health_status=lambda **_: SimpleNamespace(ok=False))

    with pytest.raises(StuckError, match=why):
        wait(SimpleNamespace(seal_status=None, sys=sealed), deadline=0.0)


def test_an_error_on_the_way_is_waited_for_and_named_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first, "PAUSE", 0.0)
    errors = iter([hvac.exceptions.VaultDown("sealed"), hvac.exceptions.VaultDown("sealed")])

    def health(**_: object) -> Any:  # noqa: ANN401 - as hvac's
        if (error := next(errors, None)) is not None:
            raise error
        return SimpleNamespace(ok=True)

    client = SimpleNamespace(sys=SimpleNamespace(read_health_status=health))
    first.unsealed(client, deadline=float("inf"))
    errors = iter([hvac.exceptions.VaultDown("sealed")])
    with pytest.raises(StuckError, match="VaultDown"):
        first.unsealed(client, deadline=0.0)
