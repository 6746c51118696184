"""The files of this repository, as git knows them: tracked, or new and not ignored."""

import subprocess
from functools import cache
from pathlib import Path

from infra.lib.paths import REPOSITORY


@cache
def files() -> tuple[Path, ...]:
    """All files that are or will be committed."""
    command = ["git", "-c", f"safe.directory={REPOSITORY}", "ls-files", "-z", "-co", "--exclude-standard"]
    listed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    return tuple(sorted(path for name in listed.split("\0") if name and (path := REPOSITORY / name).is_file()))


def text_of(path: Path) -> str:
    """The content of a text file, "" of a binary one."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""
