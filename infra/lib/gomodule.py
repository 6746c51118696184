"""Folders out of a Go module that a tool of ours is built from, such as a chart: the bytes that go.sum names."""

import base64
import hashlib
import json
import re
import shutil
import tempfile
import zipfile
from pathlib import Path

from infra.lib import gotool
from infra.lib.errors import SlipwayError
from infra.lib.hashing import content_hash
from infra.lib.locks import waiting
from infra.lib.paths import REPOSITORY, cache_dir
from infra.lib.process import capture
from infra.lib.report import Report

DEADLINE = 10 * 60.0


def folder(tool: str, module: str, inside: str, *, report: Report, log: Path) -> Path:
    """`inside` of the module as pinned in `infra/go/<tool>`, copied to the cache; damage there is put right.

    Raises SlipwayError when what was fetched is not what go.sum says.
    """
    source = REPOSITORY / "infra" / "go" / tool
    version, wanted = pinned(source, module)
    name = f"{Path(inside).name}-{version}-{hashlib.sha256(wanted.encode()).hexdigest()[:12]}"
    target = cache_dir() / "modules" / name
    if _whole(target):
        return target
    with waiting(target.with_suffix(".lock"), purpose=f"fetch {name}", deadline=DEADLINE):
        if not _whole(target):
            archive = _archive(source, f"{module}@{version}", report=report, log=log)
            if (found := hash_of(archive)) != wanted:
                raise SlipwayError(
                    f"{module}@{version}: what was fetched is not what infra/go/{tool}/go.sum names",
                    details=(f"want {wanted}", f"have {found}"),
                    hint=f"rm -r {archive.parent}  # then run the same command again",
                )
            _extract(archive, f"{module}@{version}/{inside}/", target)
    return target


def pinned(source: Path, module: str) -> tuple[str, str]:
    """Version and hash of a module as go.mod and go.sum have them."""
    required = re.search(rf"^\s*(?:require )?{re.escape(module)} (v\S+)", (source / "go.mod").read_text(), re.MULTILINE)
    version = required.group(1) if required else ""
    sums = re.search(
        rf"^{re.escape(module)} {re.escape(version)} (h1:\S+)$", (source / "go.sum").read_text(), re.MULTILINE
    )
    if not version or not sums:
        raise SlipwayError(f"{source.name}: go.mod or go.sum does not name {module}")
    return version, sums.group(1)


def hash_of(archive: Path) -> str:
    """Go's own hash of a module: of the list of its files' hashes, in the order of their names."""
    with zipfile.ZipFile(archive) as opened:
        lines = [f"{hashlib.sha256(opened.read(name)).hexdigest()}  {name}\n" for name in sorted(opened.namelist())]
    return "h1:" + base64.b64encode(hashlib.sha256("".join(lines).encode()).digest()).decode()


def _archive(source: Path, module: str, *, report: Report, log: Path) -> Path:
    go = gotool.compiler(report=report, log=log)
    report(f"fetch {module}")
    words: list[str | Path] = [go, "-C", source, "mod", "download", "-json", module]
    told = capture(words, deadline=DEADLINE, env={"GOFLAGS": "-modcacherw", "GOWORK": "off", **gotool.homes()})
    return Path(json.loads(told)["Zip"])


def _extract(archive: Path, prefix: str, target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    with (
        tempfile.TemporaryDirectory(dir=target.parent, prefix=".module-") as scratch,
        zipfile.ZipFile(archive) as opened,
    ):
        for name in opened.namelist():
            if name.startswith(prefix):
                file = Path(scratch) / "out" / name.removeprefix(prefix)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(opened.read(name))
        made = Path(scratch) / "out"
        _record(target).write_text(content_hash([made], root=made), encoding="utf-8")
        made.rename(target)


def _record(target: Path) -> Path:
    return target.with_name(f"{target.name}.hash")


def _whole(target: Path) -> bool:
    record = _record(target)
    return (
        target.is_dir()
        and record.is_file()
        and record.read_text(encoding="utf-8") == content_hash([target], root=target)
    )
