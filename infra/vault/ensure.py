"""Make what is wanted so: each function reads first, writes only a difference, and says whether it wrote."""

import json
from collections.abc import Mapping
from typing import Any, Protocol

from infra.vault.desired import Data


class Store(Protocol):
    """What of `hvac.Client` is used."""

    def read(self, path: str) -> Any:  # noqa: ANN401 - hvac has no types
        """The answer at a path, None where there is nothing."""

    def write_data(self, path: str, *, data: Data) -> Any:  # noqa: ANN401 - as above
        """Write and answer."""


def ensure_written(
    store: Store, path: str, wanted: Data, *, secret: frozenset[str] = frozenset(), read_as: Data | None = None
) -> bool:
    """`wanted` at `path`. A key of `secret` is never read back, so it alone is no difference.

    `read_as` are keys that Vault tells otherwise than they are written.
    """
    found = store.read(path)
    expected = {key: value for key, value in {**wanted, **(read_as or {})}.items() if key not in secret}
    if found and all(_same(_held(found["data"], key), value) for key, value in expected.items()):
        return False
    store.write_data(path, data=wanted)
    return True


def ensure_absent(store: Store, metadata: str, values: Mapping[str, str]) -> bool:
    """A secret of engine KV, unless one is there: told by its metadata, so that nobody need read it."""
    if store.read(metadata):
        return False
    data = {"data": dict(values), "options": {"cas": 0}}
    store.write_data(metadata.replace("/metadata/", "/data/", 1), data=data)
    return True


def ensure_policy(store: Store, name: str, text: str) -> bool:
    """An ACL policy."""
    return ensure_written(store, f"sys/policies/acl/{name}", {"policy": text})


def ensure_engine(store: Store, path: str, *, kind: str, options: Data | None = None) -> bool:
    """A secrets engine; one of another kind there is refused, because moving its data is no configuration."""
    return _ensure_listed(store, "sys/mounts", path, kind=kind, wanted={"type": kind, "options": options or {}})


def ensure_auth(store: Store, path: str, *, kind: str) -> bool:
    """A way to sign in."""
    return _ensure_listed(store, "sys/auth", path, kind=kind, wanted={"type": kind})


def ensure_audit(store: Store, path: str, *, file: str) -> bool:
    """An audit device that writes to a file, or to `stdout`."""
    wanted = {"type": "file", "options": {"file_path": file, "mode": "0600"}}
    return _ensure_listed(store, "sys/audit", path, kind="file", wanted=wanted)


def _ensure_listed(store: Store, root: str, path: str, *, kind: str, wanted: Data) -> bool:
    found = (store.read(root) or {"data": {}})["data"].get(f"{path}/")
    if found is None:
        store.write_data(f"{root}/{path}", data=wanted)
        return True
    if found["type"] != kind:
        raise ValueError(
            f"{root}/{path} is of type {found['type']}, not {kind}: move what it holds and remove it first"
        )
    return False


def _held(data: Data, key: str) -> Any:  # noqa: ANN401 - any JSON
    """A database's connection is told below a key of its own."""
    return data[key] if key in data else (data.get("connection_details") or {}).get(key)


def _same(held: Any, wanted: Any) -> bool:  # noqa: ANN401 - any JSON
    if isinstance(wanted, list) and isinstance(held, list):
        return sorted(map(json.dumps, held)) == sorted(map(json.dumps, wanted))
    return bool(held == wanted)
