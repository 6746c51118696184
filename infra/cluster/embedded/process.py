"""The supervisor as the host sees it: started, found, told to stop, killed."""

import contextlib
import json
import os
import shlex
import signal
import subprocess
from pathlib import Path
from typing import Any

from infra.cluster.embedded import cgroups
from infra.cluster.embedded.layout import Layout
from infra.cluster.embedded.namespace import SUPERVISOR_GROUP
from infra.cluster.embedded.plan import Data, supervisor_command
from infra.cluster.rest import poll
from infra.lib.errors import Exit, SlipwayError
from infra.lib.paths import REPOSITORY
from infra.lib.process import tail

STOP_DEADLINE = 60.0


def launch(layout: Layout) -> None:
    """Start the supervisor so that it outlives this process and its terminal; returns once it publishes a status."""
    every = cgroups.hierarchies()
    group = f"{layout.cgroup}/{SUPERVISOR_GROUP}"
    cgroups.delegate(every)
    cgroups.create(every, group, controllers=False)
    layout.status.unlink(missing_ok=True)
    # A shell moves itself into the group and leaves the supervisor behind: never a moment outside of it, and
    # nobody's child but init's.
    joins = "".join(f"echo 0 > {shlex.quote(str(h.root / group / 'cgroup.procs'))} && " for h in every)
    host_network = os.open("/proc/self/ns/net", os.O_RDONLY)
    try:
        with layout.supervisor_log.open("ab") as output:
            subprocess.run(
                ["sh", "-c", f"{joins} {{ {shlex.join(supervisor_command(layout))} & }}"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=REPOSITORY,
                start_new_session=True,
                pass_fds=(host_network,),
                env=_environment(layout, host_network),
                check=True,
            )
    finally:
        os.close(host_network)
    if not poll(lambda: layout.status.is_file() or not cgroups.processes(every, group), deadline=20, pause=0.05):
        raise _failed(layout, "did not report within 20 s", Exit.DEADLINE)
    if not alive(layout):
        raise _failed(layout, "ended at once", Exit.FAILED)


def alive(layout: Layout) -> int:
    """The supervisor's process id, 0 when there is none."""
    pids = cgroups.processes(cgroups.in_use(cgroups.hierarchies()), f"{layout.cgroup}/{SUPERVISOR_GROUP}")
    told = status(layout).get("pid", 0)
    return int(told) if told in pids else 0


def status(layout: Layout) -> Data:
    """The supervisor's last words, empty when there are none."""
    try:
        content: Any = json.loads(layout.status.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def stop(layout: Layout) -> None:
    """Orderly stop, bounded; afterwards no process of the instance is left."""
    pid = alive(layout)
    if pid:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        poll(lambda: not alive(layout), deadline=STOP_DEADLINE)
    clear(layout)


def clear(layout: Layout) -> None:
    """Kill what is left of the instance, remove its cgroups, and wait until its link is gone."""
    every = cgroups.hierarchies()
    if not cgroups.remove(every, layout.cgroup, deadline=20):
        left = sorted(cgroups.processes(every, layout.cgroup))
        raise SlipwayError(
            f"cgroup {layout.cgroup} does not go away: processes {left or 'none'}",
            hint=f"ps -fp {','.join(map(str, left)) or '1'}",
        )
    link = Path("/sys/class/net") / layout.link
    if link.exists():  # the kernel takes its time to remove a namespace without processes
        subprocess.run(["ip", "link", "delete", layout.link], capture_output=True, check=False)
    layout.status.unlink(missing_ok=True)


def reload(layout: Layout) -> None:
    """Make the supervisor read the list of forwarded ports again."""
    if pid := alive(layout):
        os.kill(pid, signal.SIGHUP)


def _environment(layout: Layout, host_network: int) -> dict[str, str]:
    """A clean one: nothing of the starting shell may change how the cluster behaves."""
    return {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": str(layout.instance.state),
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        "SLIPWAY_HOST_NETWORK": str(host_network),
    }


def _failed(layout: Layout, what: str, code: Exit) -> SlipwayError:
    log = layout.supervisor_log
    return SlipwayError(f"the cluster's supervisor {what}", hint=f"less {log}", code=code, details=tail(log))
