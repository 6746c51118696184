"""From a Vault that nobody initialised to one that a service account can sign in to."""

import json
import time
from collections.abc import Callable
from typing import Any

import hvac  # type: ignore[import-untyped] # ships no types
import requests

from infra.vault.bootstrap import Told, revoke
from infra.vault.cluster import Api

RECOVERY = "vault-recovery"
KEYS, ROOT = "recovery-keys", "root-token"
SHARES, THRESHOLD = 5, 3
PAUSE = 1.0


class StuckError(Exception):
    """What a person must put right."""


def answering(client: Any, *, deadline: float) -> None:  # noqa: ANN401 - hvac has no types
    """Wait until Vault tells whether it is initialised; raises StuckError at the deadline (time.monotonic)."""
    _until(lambda: client.seal_status is not None, "Vault does not answer", deadline=deadline)


def unsealed(client: Any, *, deadline: float) -> None:  # noqa: ANN401 - as above
    """Wait until Vault has unsealed itself and answers requests."""
    _until(lambda: _serves(client), "Vault stays sealed: make doctor tells why", deadline=deadline)


def initialise(client: Any, api: Api, namespace: str, *, told: Told) -> None:  # noqa: ANN401 - as above
    """Once: Vault seals itself by its key service; the recovery keys are kept before anything else is done."""
    if client.sys.is_initialized():
        return
    shares = {"recovery_shares": SHARES, "recovery_threshold": THRESHOLD}
    made = client.adapter.put("/v1/sys/init", json=shares)
    keys = json.dumps(made["recovery_keys_base64"]).encode()
    api.keep_secret(namespace, RECOVERY, {KEYS: keys, ROOT: made["root_token"].encode()})
    told(f"initialised; recovery keys are in the Secret {namespace}/{RECOVERY}")


def sign_in(client: Any, api: Api, namespace: str, *, role: str, token: str) -> bool:  # noqa: ANN401 - as above
    """With the root token while there is one, else as a service account; whether it is root's."""
    root = api.secret(namespace, RECOVERY).get(ROOT, b"").decode()
    client.token = root
    if root and client.is_authenticated():
        return True
    try:
        client.auth.kubernetes.login(role=role, jwt=token)
    except hvac.exceptions.VaultError as error:
        raise StuckError(
            f"no root token is kept and signing in as {role} is refused ({type(error).__name__}): the first run ended"
            f" between Vault's answer and the Secret {namespace}/{RECOVERY}, or somebody removed the role;"
            " the runbook docs/runbooks/vault.md says what to do"
        ) from error
    return False


def end_root(client: Any, api: Api, namespace: str) -> None:  # noqa: ANN401 - as above
    """Revoke the root token and forget it."""
    revoke(client)
    kept = api.secret(namespace, RECOVERY)
    api.keep_secret(namespace, RECOVERY, {KEYS: kept[KEYS]})


def forget_root(api: Api, namespace: str) -> None:
    """A run that was killed after revoking left the dead token in the Secret."""
    kept = api.secret(namespace, RECOVERY)
    if ROOT in kept:
        api.keep_secret(namespace, RECOVERY, {KEYS: kept[KEYS]})


def _serves(client: Any) -> bool:  # noqa: ANN401 - as above
    return bool(client.sys.read_health_status(method="HEAD", standby_ok=True).ok)


def _until(done: Callable[[], bool], otherwise: str, *, deadline: float) -> None:
    last = ""
    while True:
        try:
            if done():
                return
        except (hvac.exceptions.VaultError, requests.RequestException) as error:
            last = f" ({type(error).__name__})"
        if time.monotonic() >= deadline:
            raise StuckError(f"{otherwise}{last}")
        time.sleep(PAUSE)
