"""Images of the node: imported from archives, never pulled."""

from collections.abc import Mapping
from pathlib import Path

from infra.cluster.embedded.layout import CONTAINERD_SOCKET, Layout
from infra.cluster.hints import PROGRAM
from infra.lib.errors import Exit, SlipwayError
from infra.lib.process import capture, run
from infra.lib.report import Report

DEADLINE = 300.0


def present(*, pid: int) -> set[str]:
    """References the node knows."""
    return set(capture([*_ctr(pid), "images", "list", "--quiet"]).split())


def load(layout: Layout, archives: Mapping[str, Path], report: Report, *, pid: int) -> None:
    """Import what the node does not know; `pid` is any process inside the instance."""
    have = present(pid=pid)
    missing = {ref: archive for ref, archive in archives.items() if ref not in have}
    for number, (ref, archive) in enumerate(missing.items()):
        report(f"import {ref}", done=number / len(missing))
        if not archive.is_file():
            raise SlipwayError(
                f"image {ref}: {archive} does not exist", hint=f"{PROGRAM} images --build", code=Exit.FAILED
            )
        command = [*_ctr(pid), "images", "import", "-"]
        run(
            ["sh", "-c", 'exec "$@" < "$0"', archive, *command],
            log=layout.instance.logs / "images.log",
            deadline=DEADLINE,
            hint=f"rm {archive} && {PROGRAM} images --build",
        )
    if missing and (still := set(missing) - present(pid=pid)):
        raise SlipwayError(
            f"imported, yet the node does not know {', '.join(sorted(still))}",
            hint="the archive carries another name: tar -xOf <archive> manifest.json",
        )


def tag(source: str, target: str, *, pid: int) -> None:
    """A second name for an image the node has."""
    capture([*_ctr(pid), "images", "tag", source, target])


def _ctr(pid: int) -> list[str]:
    return [
        *("nsenter", f"--target={pid}", "--mount", "--"),
        *("ctr", "--address", str(CONTAINERD_SOCKET), "--namespace", "k8s.io"),
    ]
