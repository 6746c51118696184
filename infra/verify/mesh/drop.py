"""Packets dropped on their way out of a pod, as a CNI plug-in does that enforces a NetworkPolicy."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from infra.verify.bed import BedError

TABLE = ("inet", "probe-drop")


@contextmanager
def dropped(pod: dict[str, Any], *, to: str) -> Iterator[None]:
    """For the block nothing that `pod` sends to the address `to` gets there; proxies in the pod included."""
    inside = ("nsenter", f"--target={process_of(pod)}", "--net", "--", "nft")
    table = " ".join(TABLE)
    chain = f"add chain {table} out {{ type filter hook output priority 0; }}"
    rules = f"add table {table}; {chain}; add rule {table} out ip daddr {to} drop"
    subprocess.run([*inside, rules], check=True, timeout=30)
    try:
        yield
    finally:
        subprocess.run([*inside, "delete", "table", *TABLE], check=True, timeout=30)


def process_of(pod: dict[str, Any]) -> int:
    """A process of it; a cgroup is named after the pod's uid."""
    uid = str(pod["metadata"]["uid"])
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and uid in (folder / "cgroup").read_text(encoding="utf-8").replace("_", "-"):
                return int(folder.name)
        except OSError:
            continue
    raise BedError(f"pod {pod['metadata']['name']} has no process on this machine")
