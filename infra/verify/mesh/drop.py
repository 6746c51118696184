"""Packets dropped on their way into a pod, as a CNI plug-in does that enforces a NetworkPolicy."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from infra.verify.pod_processes import process_of

TABLE = ("inet", "probe-drop")


@contextmanager
def dropped(pod: dict[str, Any], *, source: str) -> Iterator[None]:
    """For the block nothing that the address `source` sends gets into `pod`, nor to a proxy in it."""
    inside = ("nsenter", f"--target={process_of(pod)}", "--net", "--", "nft")
    table = " ".join(TABLE)
    chain = f"add chain {table} into {{ type filter hook prerouting priority raw; }}"
    rules = f"add table {table}; {chain}; add rule {table} into ip saddr {source} drop"
    subprocess.run([*inside, rules], check=True, timeout=30)
    try:
        yield
    finally:
        subprocess.run([*inside, "delete", "table", *TABLE], check=True, timeout=30)
