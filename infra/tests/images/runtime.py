"""Runs an image archive the way a hardened pod would: no capabilities, read-only root, no network, any uid."""

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from infra.lib.process import capture


@dataclass(frozen=True)
class Unpacked:
    """An image's files as a folder, and its configuration."""

    root: Path
    config: dict[str, Any]
    work: Path


@contextmanager
def unpacked(archive: Path, work: Path) -> Iterator[Unpacked]:
    """The image's root file system below `work`, removed afterwards; whiteouts applied by buildah."""
    buildah: list[str | Path] = [
        "buildah",
        "--root",
        work / "root",
        "--runroot",
        work / "run",
        "--storage-driver",
        "vfs",
    ]
    work.mkdir(parents=True)
    policy = work / "policy.json"
    policy.write_text('{"default": [{"type": "insecureAcceptAnything"}]}', encoding="utf-8")
    try:
        # Unless it is told a folder for its lock it writes to /etc.
        options: list[str | Path] = ["--signature-policy", policy, f"--cni-config-dir={work / 'cni'}"]
        pull = [*buildah, "from", *options, f"oci-archive:{archive}"]
        name = capture(pull, deadline=120, env={"TMPDIR": str(work)}).strip()
        inspected = json.loads(capture([*buildah, "inspect", name]))
        root = Path(capture([*buildah, "mount", name]).strip())
        yield Unpacked(root, inspected["OCIv1"]["config"], work)
    finally:
        shutil.rmtree(work, ignore_errors=True)


@dataclass
class Container:
    """One container of an image; `binds` are host folders by their place inside, `tmpfs` further writable places."""

    image: Unpacked
    uid: int
    arguments: Sequence[str] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    binds: Mapping[str, Path] = field(default_factory=dict)
    tmpfs: Sequence[str] = ("/tmp",)  # noqa: S108 - a path inside the container

    @property
    def _bundle(self) -> Path:
        return self.image.work / "bundle"

    def _runc(self, *arguments: str | Path) -> list[str | Path]:
        return ["runc", "--root", self.image.work / "runc", *arguments]

    def run(self, *, deadline: float = 60) -> subprocess.CompletedProcess[str]:
        """Run to the end; raises TimeoutExpired after `deadline` seconds, the container is gone either way."""
        with self.started() as process:
            output, errors = process.communicate(timeout=deadline)
            return subprocess.CompletedProcess(process.args, process.returncode, output, errors)

    @contextmanager
    def started(self) -> Iterator[subprocess.Popen[str]]:
        """The container in the background; killed and deleted at the end of the block."""
        self._write_bundle()
        process = subprocess.Popen(
            [str(word) for word in self._runc("run", "--bundle", self._bundle, "tested")],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            yield process
        finally:
            subprocess.run(self._runc("kill", "tested", "KILL"), capture_output=True, check=False)
            process.communicate(timeout=20)
            subprocess.run(self._runc("delete", "--force", "tested"), capture_output=True, check=False)
            shutil.rmtree(self._bundle)

    def execute(self, *command: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """A further command inside the running container, as the same user."""
        extra = [word for key, value in (env or {}).items() for word in ("--env", f"{key}={value}")]
        return subprocess.run(
            self._runc("exec", *extra, "tested", *command), capture_output=True, text=True, timeout=60, check=False
        )

    def _write_bundle(self) -> None:
        self._bundle.mkdir()
        capture(["runc", "spec", "--bundle", self._bundle])
        file = self._bundle / "config.json"
        spec = json.loads(file.read_text(encoding="utf-8"))
        image = self.image.config
        spec["root"] = {"path": str(self.image.root), "readonly": True}
        spec["process"] |= {
            "terminal": False,
            "user": {"uid": self.uid, "gid": self.uid},
            "args": [*(image.get("Entrypoint") or []), *(self.arguments or image.get("Cmd") or [])],
            "env": [*image["Env"], *(f"{key}={value}" for key, value in self.env.items())],
            "cwd": image.get("WorkingDir") or "/",
            "capabilities": {},
            "noNewPrivileges": True,
        }
        spec["mounts"] += [
            {"destination": place, "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "nodev", "mode=1777"]}
            for place in self.tmpfs
        ]
        spec["mounts"] += [
            {"destination": place, "type": "bind", "source": str(folder), "options": ["rbind", "rw"]}
            for place, folder in self.binds.items()
        ]
        file.write_text(json.dumps(spec), encoding="utf-8")
