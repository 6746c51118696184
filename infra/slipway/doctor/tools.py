"""Programs the machine must have; the list is ci/debian-packages.txt, which `make` installs from."""

import importlib.util
import shutil
from pathlib import Path

from infra.lib import gotool
from infra.lib.findings import Finding
from infra.lib.paths import REPOSITORY

LIST = REPOSITORY / "ci" / "debian-packages.txt"


def packages(text: str) -> list[Finding]:
    """One finding for all packages of group `up` that are not there."""
    lines = (line.split() for line in text.splitlines() if line.strip() and not line.startswith("#"))
    missing = [name for group, name, proof in lines if group == "up" and not _present(proof)]
    if not missing:
        return [Finding("ok", "packages", "all that `make up` runs are installed")]
    told = f"not installed: {', '.join(missing)}; cluster and images are made with them"
    return [Finding("fail", "packages", told, f"apt-get install -y --no-install-recommends {' '.join(missing)}")]


def node(program: Path) -> list[Finding]:
    """The built node program; without it the next `up` takes minutes longer."""
    if program.is_file():
        return [Finding("ok", "node program", f"built: {program}")]
    return [Finding("warn", "node program", "not built yet: the next `make up` builds it in 5 to 10 min", "make tools")]


def check() -> list[Finding]:
    """Both of the above for this machine."""
    return [*packages(LIST.read_text(encoding="utf-8")), *node(gotool.path_of("node"))]


def _present(proof: str) -> bool:
    if proof.startswith("module:"):
        return importlib.util.find_spec(proof.removeprefix("module:")) is not None
    return Path(proof).exists() if proof.startswith("/") else shutil.which(proof) is not None
