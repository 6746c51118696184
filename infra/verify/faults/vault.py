"""Vault itself: what somebody may do, an audit device that blocks, a seal, a kill, a snapshot (R46, R47, R48, R66)."""

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import hvac  # type: ignore[import-untyped] # ships no types
import requests

from infra.lib import gotool
from infra.lib.report import silent
from infra.vault import bootstrap, desired
from infra.verify.defects import applied
from infra.verify.faults.fault import BrokenError, Fault, Site, hold
from infra.verify.vault import matrix, servers
from infra.verify.vault.database import until
from infra.verify.vault.sealed import Sealed, sealed
from infra.verify.vault.stand import GRAPH, account_of, stand, wanted_of

# Seconds until a killed or sealed Vault serves again, unaided.
RECOVERY = 30.0
SMALL = "4m"


def _program(site: Site) -> Path:
    return gotool.ensure("vault", report=silent, log=site.folder / "build.log")


def _exact(site: Site) -> None:
    """Every identity, every path, every verb: as declared, no more and no less."""
    with applied(site.defect), stand(site.folder) as found:
        asked, wrong = 0, []
        for name in matrix.MATRIX:
            client = found.login(name)
            given = {"token": client.token, "paths": matrix.paths()}
            told = found.client.write_data("sys/capabilities", data=given)["data"]
            for path in matrix.paths():
                asked += 1
                if sorted(told[path]) != matrix.expected(name, path):
                    wrong.append(f"{name} {path}: {sorted(told[path])}, declared {matrix.expected(name, path)}")
                readable = "read" in matrix.expected(name, path)
                # Asked for real as well: what is not declared to be read is refused.
                if not readable and _reads(client, path):
                    wrong.append(f"{name} reads {path}")
        hold(not wrong, "; ".join(wrong[:5]))
        hold(asked == len(matrix.MATRIX) * len(matrix.paths()) > 500, f"only {asked} cells")


def _reads(client: Any, path: str) -> bool:  # noqa: ANN401 - hvac has no types
    try:
        return client.read(path) is not None
    except hvac.exceptions.VaultError:
        return False


@contextmanager
def _disk(folder: Path) -> Iterator[Path]:
    """A file system of its own, so small that it is soon full."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SMALL}", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def _fill(disk: Path) -> None:
    with suppress(OSError), (disk / "ballast").open("wb") as stream:
        while True:
            stream.write(b"\0" * 4096)
            stream.flush()


def _audit_blocked(site: Site) -> None:
    """The devices are the product's own: the volume's file, and what the container prints."""
    with (
        applied(site.defect),
        _disk(site.folder / "volume") as volume,
        _disk(site.folder / "output") as output,
        servers.server(_program(site), site.folder / "raft") as server,
        servers.kubernetes() as cluster,
    ):
        server.initialise()
        server.end()
        server.log = output / "vault.log"
        server.start()
        client = server.client
        # The one share of this stand's Vault.
        client.sys.submit_unseal_key(server.share)
        until(server.serves)
        files = {name: file.replace("/vault/audit", str(volume)) for name, file in desired.AUDIT.items()}
        bootstrap.configure(client, GRAPH, wanted_of(cluster, address=client.url, audit=files), told=lambda _: None)
        hold(_answers(client), "no answer although nothing is blocked")
        _fill(volume)
        hold(_answers(client), "one device is full: requests must go on")
        _fill(output)
        hold(not _answers(client), "both devices are full: a request was answered that nobody recorded")
        (output / "ballast").unlink()
        hold(_answers(client), "one device has room again: requests must go on")


def _answers(client: Any) -> bool:  # noqa: ANN401 - hvac has no types
    try:
        return client.read("sys/mounts") is not None
    except (hvac.exceptions.VaultError, requests.RequestException):
        return False


def _down_and_back(site: Site) -> None:
    """Killed with the Vault that unseals it, and sealed by hand: shut while it is, back unaided, nothing lost."""
    with applied(site.defect), sealed(site.folder, _program(site)) as found:
        client = found.server.client
        client.sys.enable_secrets_engine("kv", path="kept", options={"version": "2"})
        client.write_data("kept/data/word", data={"data": {"canary": "sung"}})
        for number in (signal.SIGKILL, signal.SIGTERM):
            found.server.end(number)
            found.unsealing.end(number)
            hold(not _answers(client), "it answers although nobody runs")
            _back(found)
            hold(client.read("kept/data/word")["data"]["data"] == {"canary": "sung"}, "a secret is gone")
        client.sys.seal()
        hold(not _reads(client, "kept/data/word"), "a sealed Vault gave a secret")
        found.server.end()
        _back(found)
        hold(_reads(client, "kept/data/word"), "a secret is gone after the seal")


def _back(found: Sealed) -> None:
    _begun(found)
    try:
        until(found.server.serves, seconds=RECOVERY)
    except TimeoutError as error:
        raise BrokenError(f"not back after {RECOVERY:.0f} s: {error}") from error


def _begun(found: Sealed) -> None:
    try:
        found.begin(seconds=RECOVERY)
    except (TimeoutError, hvac.exceptions.VaultError) as error:
        raise BrokenError(f"what unseals does not, after {RECOVERY:.0f} s: {error}") from error


def _restored(site: Site) -> None:
    """Snapshot as one identity, the store destroyed, restored as another: the same secrets, the tokens of then."""
    with applied(site.defect), sealed(site.folder, _program(site)) as found:
        server, client = found.server, found.server.client
        _configured(found)
        root = client.token
        client.write_data("secret/data/todo-app/web", data={"data": {"canary": "sung"}})
        before = found.login("web")
        snapshot = found.login("vault-snapshot").adapter.get("/v1/sys/storage/raft/snapshot", stream=True).content
        client.write_data("secret/data/todo-app/web", data={"data": {"canary": "later"}})
        after = found.login("web")
        with suppress(hvac.exceptions.Forbidden):
            found.login("vault-restore").read("sys/storage/raft/snapshot")
            raise BrokenError("who restores may take a snapshot")
        server.end(signal.SIGKILL)
        found.unsealing.end(signal.SIGKILL)
        found.destroy()
        _begun(found)
        server.initialise()
        _configured(found)
        hold(client.read("secret/data/todo-app/web") is None, "the store was not destroyed")
        restorer = found.login("vault-restore")
        answer = restorer.session.post(
            f"{client.url}/v1/sys/storage/raft/snapshot-force",
            data=snapshot,
            headers={"X-Vault-Token": restorer.token},
            timeout=60,
        )
        hold(answer.ok, f"the restore was refused: {answer.status_code} {answer.text[:200]}")
        client.token = root
        _served(found)
        told = {name: _word(token) for name, token in (("before", before), ("after", after), ("root", client))}
        hold(told == {"before": "sung", "after": "", "root": "sung"}, f"after the restore: {json.dumps(told)}")
        hold(_word(found.login("web")) == "sung", "nobody can sign in after the restore")


def _configured(found: Sealed) -> None:
    audit = {"file": str(found.server.folder / "audit.log")}
    wanted = wanted_of(found.cluster, address=found.server.client.url, audit=audit)
    bootstrap.configure(found.server.client, GRAPH, wanted, told=lambda _: None)
    for name in ("web", "vault-snapshot", "vault-restore"):
        found.accounts[name] = account_of(name)


def _served(found: Sealed) -> None:
    try:
        until(lambda: found.server.serves() and bool(_word(found.server.client)), seconds=RECOVERY)
    except TimeoutError as error:
        raise BrokenError(f"not unsealed {RECOVERY:.0f} s after the restore") from error


def _word(client: Any) -> str:  # noqa: ANN401 - hvac has no types
    with suppress(hvac.exceptions.VaultError, requests.RequestException, TypeError):
        return str(client.read("secret/data/todo-app/web")["data"]["data"]["canary"])
    return ""


R48 = Fault(
    id="R48",
    title="policy-matrix: each identity of Vault, each path, each verb",
    promise="what is allowed is what is declared: exactly, none more",
    tier="machine",
    defect="vault-policy-wider",
    probe=_exact,
)
R47 = Fault(
    id="R47",
    title="audit-blocked: one audit device full, then both",
    promise="one: requests go on; both: none is answered that nobody recorded",
    tier="machine",
    defect="audit-in-one-place",
    probe=_audit_blocked,
)
R46 = Fault(
    id="R46",
    title="secrets-server-down: Vault killed with what unseals it, stopped, sealed (server side)",
    promise="no secret from a sealed one; back within 30 s, unaided, with everything it held",
    tier="machine",
    defect="unseal-key-not-kept",
    probe=_down_and_back,
)
R66 = Fault(
    id="R66",
    title="secrets-store-restore: snapshot, store destroyed, restored, unsealed",
    promise="the secrets and tokens of the snapshot, none of later",
    tier="machine",
    defect="unseal-key-not-kept",
    probe=_restored,
)
