"""What the supervisor runs: each component's command, order and health gate, as data."""

import hashlib
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra.cluster.embedded import components
from infra.cluster.embedded.addresses import Network
from infra.cluster.embedded.layout import Layout
from infra.lib.paths import REPOSITORY

Data = dict[str, Any]


def make(layout: Layout, network: Network, *, program: Path, files: Mapping[str, str], restart: bool = True) -> Data:
    """The whole plan. Its version changes with anything that needs a restart, `files` included.

    `restart` off is the seeded defect of the tests: what dies stays dead.
    """
    name = layout.instance.name
    plan: Data = {
        "instance": name,
        "state": str(layout.instance.state),
        "run": str(layout.instance.run),
        "logs": str(layout.instance.logs),
        "cgroup": layout.cgroup,
        "restart": restart,
        "program": str(program),
        "files": hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()[:16],
        "network": {
            "link": layout.link,
            "host_ip": network.host_ip,
            "node_ip": network.node_ip,
            "prefix": network.node_range.rpartition("/")[2],
        },
        "lib": str(layout.lib),
        "log": str(layout.log),
        "volumes": str(layout.volumes),
        "staging": str(layout.staging),
        "forwards": str(layout.forwards),
        "forward": str(layout.bin / "forward"),
        "extras": str(layout.extras),
        "keep": [str(folder) for folder in keep_visible(program)],
        "components": components.every(layout, network),
    }
    plan["version"] = hashlib.sha256(json.dumps(plan, sort_keys=True).encode()).hexdigest()[:12]
    return plan


def write(layout: Layout, plan: Data) -> None:
    """Keep the plan and make the links that name the components."""
    (layout.instance.state / "tmp").mkdir(exist_ok=True)
    for entry in (*plan["components"], {"program": plan["forward"]}):
        link = Path(entry["program"])
        if link.parent == layout.bin:
            link.unlink(missing_ok=True)
            link.symlink_to(plan["program"])
    layout.plan.write_text(json.dumps(plan, indent=1), encoding="utf-8")


def supervisor_command(layout: Layout) -> list[str]:
    """How the supervisor is started, in every namespace but the user's own. -S: only the standard library."""
    return [
        "unshare",
        *("--mount", "--pid", "--uts", "--ipc", "--net", "--fork", "--kill-child", "--propagation", "private"),
        *(sys.executable, "-S", "-s", "-m", "infra.cluster.embedded.supervisor", str(layout.plan)),
    ]


def keep_visible(program: Path) -> tuple[Path, ...]:
    """What the supervisor and the node need from the host, also where the node's own folders cover it."""
    python = {Path(sys.prefix), Path(sys.base_prefix), Path(sys.executable).resolve().parent}
    # Beside it are the programs of what a profile adds later.
    return tuple(sorted({REPOSITORY, program.parent.parent, *python}))
