"""Run a build tool so that nothing of it survives: no process, no mount, no temporary file."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from infra.lib import process
from infra.lib.errors import Exit, SlipwayError

# Own mount and process namespaces that die with the tool, and the tool dies with us, even by kill -9.
# KILL, because unshare waits through the SIGTERM that process.run asks for.
ENCLOSURE = (
    "setpriv",
    "--pdeathsig=KILL",
    "unshare",
    "--mount",
    "--propagation=private",
    "--pid",
    "--fork",
    "--kill-child",
    "--mount-proc",
)


def run(
    command: Sequence[str | Path],
    *,
    package: str,
    scratch: Path,
    log: Path,
    deadline: float,
    env: Mapping[str, str] | None = None,
) -> None:
    """Run `command` to its end within `deadline` seconds; its temporary files go below `scratch`.

    Raises MISSING with the Debian `package` when the program is not installed.
    """
    if not shutil.which(str(command[0])):
        raise SlipwayError(
            f"{command[0]} is not installed", hint=f"make tools, or: apt-get install {package}", code=Exit.MISSING
        )
    scratch.mkdir(parents=True, exist_ok=True)
    process.run(
        [*ENCLOSURE, *command],
        log=log,
        deadline=deadline,
        env={**(env or {}), "TMPDIR": str(scratch)},
        hint=f"less {log}; downloads that broke are fetched again by the next run of the same command",
    )
