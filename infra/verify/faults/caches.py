"""What was downloaded or built is whole, or it is made again: broken downloads, damaged cache entries."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from unittest.mock import patch

from infra.images import api as images
from infra.images import archives
from infra.lib import gotool
from infra.lib.errors import SlipwayError
from infra.lib.report import silent
from infra.verify import defects
from infra.verify.faults import module_proxy
from infra.verify.faults.fault import BrokenError, Fault, Site, hold
from infra.verify.faults.module_proxy import Proxy

TOOL = "word"
MAIN = f"""package main

import "{module_proxy.MODULE}"

func main() {{ println(word.Word) }}
"""


def broken_download(site: Site) -> None:
    """The connection ends in the middle of a module: told, nothing kept, and the next call succeeds."""
    with small_tool(site.folder) as (proxy, log), defects.applied(site.defect):
        proxy.break_at = site.random.uniform(0.05, 0.95)
        try:
            gotool.ensure(TOOL, report=silent, log=log)
        except SlipwayError as error:
            hold(error.hint, "no next step is named")
            hold(any("EOF" in line for line in error.details), f"the reason is not told: {error.details}")
        except Exception as error:
            raise BrokenError(f"{type(error).__name__} reached the caller: {error}") from error
        else:
            raise BrokenError("a broken download counted as success")
        hold(proxy.broken, "nothing was broken off: the test has no subject")
        hold(not gotool.path_of(TOOL).exists(), "a half-made tool is in the cache")
        left = [path.name for path in gotool.path_of(TOOL).parent.parent.glob(f"*{TOOL}-*")]
        hold(not left, f"left in the cache: {left}")
        proxy.break_at = None
        hold(_says(gotool.ensure(TOOL, report=silent, log=log)) == "whole", "the second call did not build it")


def damaged_tool(site: Site) -> None:
    """One bit of a built tool flips: the next call notices and builds it again."""
    with small_tool(site.folder) as (_, log):
        program = gotool.ensure(TOOL, report=silent, log=log)
        before = _sha256(program)
        flip(program, site.random)
        with defects.applied(site.defect):
            again = gotool.ensure(TOOL, report=silent, log=log)
        hold(_sha256(again) == before, "the damaged tool was handed out")
        hold(_says(again) == "whole", "the tool built again does not run")


def damaged_image(site: Site) -> None:
    """The same for an image archive."""
    built = images.ensure(["pause"], report=silent, log_dir=site.folder / "logs")["pause"]
    with patch.dict(os.environ, {"SLIPWAY_CACHE": str(site.folder / "cache")}):
        archive = archives.folder() / built.name
        archive.parent.mkdir(parents=True)
        shutil.copy(built, archive)
        shutil.copy(archives.checksum_of(built), archives.checksum_of(archive))
        before = _sha256(archive)
        flip(archive, site.random)
        with defects.applied(site.defect):
            again = images.ensure(["pause"], report=silent, log_dir=site.folder / "logs")["pause"]
        hold(_sha256(again) == before, "the damaged archive was handed out, or the build is not reproducible")
        hold(archives.whole(again), "the archive built again is not whole")


@contextmanager
def small_tool(folder: Path) -> Iterator[tuple[Proxy, Path]]:
    """A checkout with one Go tool of one module, a cache of its own, and the proxy the module comes from."""
    source = folder / "checkout" / "infra" / "go" / TOOL
    source.mkdir(parents=True)
    (source / "main.go").write_text(MAIN, encoding="utf-8")
    (source / "go.sum").write_text(module_proxy.go_sum(), encoding="utf-8")
    (source / "go.mod").write_text(
        f"module {TOOL}\n\ngo 1.21\n\nrequire {module_proxy.MODULE} {module_proxy.VERSION}\n", encoding="utf-8"
    )
    with module_proxy.serve() as proxy:
        environment = {
            "SLIPWAY_CACHE": str(folder / "cache"),
            "GOMODCACHE": str(folder / "modules"),
            "GOPROXY": proxy.url,
            "GOSUMDB": "off",
            "GOTOOLCHAIN": "local",
        }
        with patch.dict(os.environ, environment), patch.object(gotool, "REPOSITORY", folder / "checkout"):
            try:
                yield proxy, folder / "build.log"
            finally:
                # Go keeps its downloads read-only, which would keep them on this machine.
                subprocess.run(["chmod", "-R", "u+w", folder], check=True, timeout=30)


def flip(file: Path, random: Random) -> None:
    """One bit of the file becomes the other."""
    at = random.randrange(file.stat().st_size)
    with file.open("r+b") as stream:
        stream.seek(at)
        byte = stream.read(1)[0]
        stream.seek(at)
        stream.write(bytes([byte ^ (1 << random.randrange(8))]))


def _says(program: Path) -> str:
    done = subprocess.run([program], capture_output=True, text=True, timeout=10, check=False)
    return done.stderr.strip()


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


BROKEN_DOWNLOAD = Fault(
    id="broken-download",
    title="a download broken midway",
    promise="told with the reason, nothing half-made kept, the next call succeeds",
    tier="machine",
    defect="download-failure-ignored",
    probe=broken_download,
)
DAMAGED_TOOL = Fault(
    id="damaged-tool",
    title="a flipped bit in a built tool",
    promise="noticed by its checksum and built again",
    tier="machine",
    defect="tool-cache-trusted",
    probe=damaged_tool,
)
DAMAGED_IMAGE = Fault(
    id="damaged-image",
    title="a flipped bit in an image archive",
    promise="noticed by its checksum and built again, to the same bytes",
    tier="machine",
    defect="image-cache-trusted",
    probe=damaged_image,
)
