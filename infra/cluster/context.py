"""`CLUSTER=context:<name>`: a cluster somebody else runs, by a context of the user's kubeconfig."""

import base64
import contextlib
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from infra.cluster import keeper
from infra.cluster.api import ClusterInfo, NodeImages
from infra.cluster.embedded.cluster import EmbeddedCluster
from infra.cluster.ports import free, taken
from infra.cluster.rest import poll
from infra.lib import gotool
from infra.lib.errors import Exit, SlipwayError
from infra.lib.paths import REPOSITORY, STATE_ROOT, Instance, cache_dir, kubectl_homes
from infra.lib.process import capture, tail
from infra.lib.report import Report, silent

DEADLINE, IMAGES = 20.0, 15.0


class ContextCluster:
    """A context: nothing is installed on the cluster's nodes, and `delete` leaves the cluster alone."""

    def __init__(self, instance: Instance, *, name: str) -> None:
        self._instance = instance
        self._name = name

    def start(self, report: Report, *, images: NodeImages) -> None:
        """Only ask whether the API server answers. `images` are for nodes of our own."""
        del images
        report(f"ask the API server of context {self._name}")
        self._kubectl(report, "get", "--raw", "/readyz")

    def stop(self) -> None:
        """End the port-forwards."""
        for file in self._folder.glob("*.pid"):
            _end(file)

    def delete(self, report: Report) -> None:
        """End the port-forwards and remove their files; on a node of this machine the data goes too."""
        if own := self._embedded():
            own.clear_volumes()
        report(f"end the port-forwards to context {self._name}")
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)
        for folder in (self._folder.parent, self._folder.parent.parent):
            with contextlib.suppress(OSError):  # the log and the lock of the run itself may be there
                folder.rmdir()

    def running(self) -> bool:
        """Whether the API server answers. Raises BAD_INPUT for a context that no kubeconfig has."""
        try:
            self._kubectl(silent, "get", "--raw", "/readyz")
        except SlipwayError as error:
            if error.code is Exit.BAD_INPUT:
                raise
            return False
        return True

    def kubeconfig(self) -> Path:
        """The file of KUBECONFIG (or ~/.kube/config) that has the context."""
        return self._entry()[0]

    def context(self) -> str | None:
        """The name that was chosen."""
        return self._name

    def load_images(self, archives: Mapping[str, Path], report: Report) -> None:
        """Import into an embedded instance behind the context; elsewhere the nodes must have the images already."""
        if own := self._embedded():
            own.load_images(archives, report)
            return
        report(f"look for {len(archives)} images on the nodes")
        missing = list(archives)

        def all_there() -> bool:
            nodes = json.loads(self._kubectl(report, "get", "nodes", "-o", "json"))["items"]
            missing[:] = [ref for ref in archives if not all(ref in _images_of(node) for node in nodes)]
            return not missing

        # Kubelets report new images with their next status, every 10 s.
        poll(all_there, deadline=IMAGES, pause=2)
        if missing:
            raise SlipwayError(
                f"the nodes of context {self._name!r} do not have {len(missing)} images and no registry serves them",
                hint=f"kind load image-archive {archives[missing[0]]}   # or ctr -n k8s.io images import, on each node",
                code=Exit.MISSING,
                details=tuple(f"{ref} is in {archives[ref]}" for ref in missing),
            )

    def expose(self, namespace: str, service: str, port: int, host_port: int) -> None:
        """Keep a `kubectl port-forward` running, in place of an earlier one to the same port of the Service."""
        wanted = f"{namespace}/{service}:{port}"
        note, pid_file = self._folder / f"{host_port}.target", self._folder / f"{host_port}.pid"
        for other in self._folder.glob("*.target"):
            if (other == note) != (other.read_text(encoding="utf-8") == wanted):
                _end(other.with_suffix(".pid"))
                other.unlink()
        if keeper.read_pid(pid_file):
            return
        if not free(host_port):
            raise taken(host_port)
        self._folder.mkdir(parents=True, exist_ok=True)
        log = self._folder / f"{host_port}.log"
        forward = ("port-forward", "--address=127.0.0.1", f"--namespace={namespace}", f"service/{service}")
        command = [*self._command(silent), *forward, f"{host_port}:{port}"]
        with log.open("ab") as output:
            subprocess.run(
                [
                    *("sh", "-c", '"$@" &', "sh"),
                    *(sys.executable, "-S", "-s", "-m", "infra.cluster.keeper", str(pid_file), *command),
                ],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=REPOSITORY,
                env={**os.environ, **kubectl_homes()},
                start_new_session=True,
                check=True,
            )
        note.write_text(wanted, encoding="utf-8")
        if not poll(lambda: keeper.read_pid(pid_file) != 0 and not free(host_port), deadline=DEADLINE):
            _end(pid_file)
            raise SlipwayError(
                f"the port-forward to {wanted} does not listen on 127.0.0.1:{host_port}",
                hint=f"less {log}",
                code=Exit.DEADLINE,
                details=tail(log),
            )

    def unseal(self, report: Report, *, wanted: bool) -> None:
        """On a node of this machine as on any of ours; elsewhere `vault_seal` names a key service."""
        if own := self._embedded():
            own.unseal(report, wanted=wanted)

    def info(self) -> ClusterInfo:
        """What can be told from this side."""
        try:
            server = str(self._entry()[1].get("server", ""))
        except SlipwayError:
            return ClusterInfo(kind=f"context:{self._name}", running=False)
        return ClusterInfo(kind=f"context:{self._name}", running=self.running(), server=server, exposed=self._exposed())

    def _exposed(self) -> dict[int, str]:
        return {
            int(file.stem): file.read_text(encoding="utf-8")
            for file in self._folder.glob("*.target")
            if keeper.read_pid(file.with_suffix(".pid"))
        }

    @property
    def _folder(self) -> Path:
        """Below the cache: for a cluster that is not ours nobody has to be root. The front door's lock is beside it."""
        name = "".join(c if c.isalnum() else "-" for c in f"context:{self._name}")
        return cache_dir() / "contexts" / name / "port-forwards"

    def _command(self, report: Report) -> list[str]:
        file = self.kubeconfig()  # first: a wrong name is told before tools are built
        program = gotool.ensure("node", report=report, log=cache_dir() / "logs" / "tools.log")
        return [str(program), "kubectl", f"--kubeconfig={file}", f"--context={self._name}"]

    def _kubectl(self, report: Report, *words: str) -> str:
        command = self._command(report)
        try:
            return capture([*command, "--request-timeout=10s", *words], deadline=30, env=kubectl_homes())
        except SlipwayError as error:
            raise SlipwayError(
                f"context {self._name!r} of {self.kubeconfig()} does not answer",
                hint=shlex.join([*command, "get", "nodes"]),
                code=Exit.NOT_RUNNING,
                details=error.details,
            ) from error

    def _entry(self) -> tuple[Path, dict[str, Any]]:
        """The kubeconfig file that has the context, and the cluster it names."""
        listed = os.environ.get("KUBECONFIG") or str(Path.home() / ".kube/config")
        files = [Path(word) for word in listed.split(os.pathsep) if word]
        known: list[str] = []
        for file in files:
            content = _read(file)
            context = _named(content, "contexts", self._name).get("context")
            if isinstance(context, dict):
                return file, self._cluster_of(file, content, str(context.get("cluster", "")))
            known += [str(entry["name"]) for entry in _entries(content, "contexts") if entry.get("context")]
        raise SlipwayError(
            f"CLUSTER=context:{self._name}: {', '.join(map(str, files))} has no context of that name",
            hint=shlex.join(["make", "up", f"CLUSTER=context:{known[0]}"])
            if known
            else f"KUBECONFIG=<its file> make up CLUSTER={shlex.quote(f'context:{self._name}')}",
            code=Exit.BAD_INPUT,
            details=(f"contexts there: {', '.join(known) or 'none'}", *filter(None, map(_wrong, files))),
        )

    def _cluster_of(self, file: Path, content: dict[str, Any], name: str) -> dict[str, Any]:
        cluster = _named(content, "clusters", name).get("cluster")
        if isinstance(cluster, dict) and cluster.get("server"):
            return cluster
        raise SlipwayError(
            f"CLUSTER=context:{self._name}: {file} has the context, but no server for its cluster {name!r}",
            hint=f"less {file}",
            code=Exit.BAD_INPUT,
        )

    def _embedded(self) -> EmbeddedCluster | None:
        """The embedded instance of this machine that the context's server address and authority belong to."""
        cluster = self._entry()[1]
        for file in STATE_ROOT.glob("*/kubeconfig"):
            for entry in _read(file).get("clusters", []):
                own = entry["cluster"]
                if own["server"] == cluster.get("server") and own["certificate-authority-data"] == _authority(cluster):
                    return EmbeddedCluster(Instance.named(file.parent.name))
        return None


def _end(pid_file: Path) -> None:
    """End the keeper that wrote `pid_file`, and with it the command."""
    if pid := keeper.read_pid(pid_file):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        if not poll(lambda: keeper.read_pid(pid_file) == 0, deadline=10, pause=0.05):
            os.kill(pid, signal.SIGKILL)
    pid_file.unlink(missing_ok=True)


def _read(file: Path) -> dict[str, Any]:
    """A kubeconfig; what is not as it should be counts as not there."""
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return {}
    return content if isinstance(content, dict) else {}


def _entries(content: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    found = content.get(kind)
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []


def _named(content: dict[str, Any], kind: str, name: str) -> dict[str, Any]:
    return next((entry for entry in _entries(content, kind) if entry.get("name") == name), {})


def _wrong(file: Path) -> str:
    """What is wrong with a kubeconfig file as a whole, empty for nothing."""
    if not file.is_file():
        return f"{file} does not exist"
    return "" if _entries(_read(file), "contexts") else f"{file} is no kubeconfig, or has no contexts"


def _authority(cluster: dict[str, Any]) -> str:
    """The authority's certificate as kubeconfigs embed it, also where it is named by file."""
    if file := cluster.get("certificate-authority"):
        with contextlib.suppress(OSError):
            return base64.b64encode(Path(file).read_bytes()).decode()
    return str(cluster.get("certificate-authority-data", ""))


def _images_of(node: dict[str, Any]) -> set[str]:
    return {name for image in node["status"].get("images", []) for name in image.get("names", [])}
