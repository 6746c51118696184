"""What the machine lacks: a port, disk space, permission."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from infra.verify.bed import Done
from infra.verify.faults.fault import Fault, Site, hold, told

PREFLIGHT = 30.0
# Nobody, but able to read: the checkout may lie where only root can (CAP_DAC_READ_SEARCH allows no change).
NOBODY = (
    *("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"),
    *(
        "--inh-caps=-all,+dac_read_search",
        "--ambient-caps=-all,+dac_read_search",
        "--bounding-set=-all,+dac_read_search",
    ),
)


def port_taken(site: Site) -> None:
    """Somebody else listens where the page is to be."""
    with socket.create_server(("127.0.0.1", site.bed.port)):
        done = site.bed.call("up", "--yes", via=site.defect, deadline=PREFLIGHT)
    try:
        told(done, str(site.bed.port), f"process {os.getpid()}", code=4, within=PREFLIGHT)
        hold(not site.bed.instance.kubeconfig.exists(), "a cluster was begun")
    finally:
        _clean(site)


def no_disk(site: Site) -> None:
    """The cache is on a file system that is nearly full."""
    cache = site.folder / "cache"
    with tmpfs(cache, size="4m"):
        done = site.bed.call("up", "--yes", env={"SLIPWAY_CACHE": str(cache)}, via=site.defect, deadline=PREFLIGHT)
        try:
            told(done, str(cache), "free", code=4, within=PREFLIGHT)
            hold(not site.bed.instance.kubeconfig.exists(), "a cluster was begun")
        finally:
            _clean(site)


def no_permission(site: Site) -> None:
    """A user who may do nothing."""
    word = ("up", "down", "stop", "start")[site.number % 4]
    begin = time.monotonic()
    words = (site.defect, word, *(["--yes"] if word == "down" else []))
    child = subprocess.run(
        [*NOBODY, sys.executable, "-m", "infra.verify.defects", *words],
        cwd=site.bed.checkout,
        env=site.bed.variables({"HOME": str(site.folder), "SLIPWAY_CACHE": str(site.folder / "cache")}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    done = Done(code=child.returncode, out=child.stdout, err=child.stderr, seconds=time.monotonic() - begin)
    told(done, "root", "sudo", code=4, within=PREFLIGHT)


@contextlib.contextmanager
def tmpfs(folder: Path, *, size: str) -> Iterator[None]:
    """A small file system of its own at `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], check=True, timeout=10)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True, timeout=10)


def _clean(site: Site) -> None:
    """Only a defect gets far enough to leave something."""
    if site.defect:
        site.bed.call("down", "--yes", deadline=120)


PORT_TAKEN = Fault(
    id="port-taken",
    title="the page's port is taken",
    promise="exit 4 before anything starts, port and holder named",
    tier="machine",
    defect="machine-unchecked",
    probe=port_taken,
)
NO_DISK = Fault(
    id="no-disk",
    title="no disk space for the cache",
    promise="exit 4 before anything starts, folder and free space named",
    tier="machine",
    defect="machine-unchecked",
    probe=no_disk,
)
NO_PERMISSION = Fault(
    id="no-permission",
    title="no permission",
    promise="exit 4, root and the way round named",
    tier="unit",
    defect="permission-unchecked",
    probe=no_permission,
)
