"""An instance under test: started once, asked through kubectl; its test image is the node program itself."""

import hashlib
import io
import json
import os
import subprocess
import tarfile
from pathlib import Path
from typing import Any

from infra.cluster import NodeImages
from infra.images import api as image_api
from infra.lib import gotool
from infra.lib.paths import Instance, kubectl_homes
from infra.lib.report import silent

TEST_IMAGE = "slipway.local/test-node:1"

__all__ = ["TEST_IMAGE", "Node", "archive", "client", "node_images", "web"]


def program() -> Path:
    """The node program; built when missing."""
    return gotool.ensure("node", report=silent, log=Path("/dev/null"))


def node_images(folder: Path) -> NodeImages:
    """The node's own images, from the cache where they are built already."""
    refs = image_api.refs()
    built = image_api.ensure(("pause", "coredns"), report=silent, log_dir=folder)
    return NodeImages(
        pause=refs["pause"],
        coredns=refs["coredns"],
        archives={refs[name]: built[name] for name in ("pause", "coredns")},
    )


def archive(folder: Path) -> Path:
    """A docker-archive with the node program: a web server (CoreDNS' health) and a client (kubectl) in one file."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        tar.add(program(), arcname="bin/node")
    digest = hashlib.sha256(layer.getbuffer()).hexdigest()
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Entrypoint": ["/bin/node"], "User": "65532:65532"},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
    }
    manifest = [{"Config": "config.json", "RepoTags": [TEST_IMAGE], "Layers": ["layer.tar"]}]
    file = folder / "test-node.tar"
    with tarfile.open(file, mode="w") as tar:
        for name, content in (
            ("layer.tar", layer.getvalue()),
            ("config.json", json.dumps(config).encode()),
            ("manifest.json", json.dumps(manifest).encode()),
        ):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return file


class Node:
    """kubectl on one instance."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self._command = [str(program()), "kubectl", f"--kubeconfig={instance.kubeconfig}"]

    def kubectl(self, *words: str, given: str | None = None, check: bool = True) -> str:
        """Standard output; raises with standard error unless `check` is off."""
        done = subprocess.run(
            [*self._command, *words],
            input=given,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
            env={**os.environ, **kubectl_homes()},
        )
        assert not check or done.returncode == 0, f"kubectl {' '.join(words)}: {done.stderr}"
        return done.stdout

    def apply(self, *objects: dict[str, Any]) -> None:
        """Create or change objects."""
        content = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
        self.kubectl("apply", "--server-side", "-f", "-", given=json.dumps(content))

    def wait(self, thing: str, condition: str, *, seconds: int = 60) -> None:
        """Wait for a condition as `kubectl wait --for` spells it."""
        self.kubectl("wait", thing, f"--for={condition}", f"--timeout={seconds}s")


def web(name: str = "web") -> tuple[dict[str, Any], ...]:
    """A pod that answers OK at /health, its configuration, and its Service on port 80."""
    metadata = {"name": name, "labels": {"app": name}}
    return (
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": metadata,
            "data": {"Corefile": ".:5300 {\n  health :8080\n}\n"},
        },
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": metadata,
            "spec": {
                "terminationGracePeriodSeconds": 1,
                "containers": [
                    {
                        "name": "web",
                        "image": TEST_IMAGE,
                        "args": ["coredns", "-conf", "/etc/coredns/Corefile"],
                        "readinessProbe": {"httpGet": {"path": "/health", "port": 8080}, "periodSeconds": 1},
                        "volumeMounts": [{"name": "config", "mountPath": "/etc/coredns"}],
                    }
                ],
                "volumes": [{"name": "config", "configMap": {"name": name}}],
            },
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata,
            "spec": {"selector": {"app": name}, "ports": [{"port": 80, "targetPort": 8080}]},
        },
    )


def client(address: str, *, name: str = "client") -> dict[str, Any]:
    """A pod that asks http://`address`/health until there is an answer, and prints it."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {
            "restartPolicy": "OnFailure",
            "containers": [
                {
                    "name": "client",
                    "image": TEST_IMAGE,
                    "args": ["kubectl", f"--server=http://{address}", "get", "--raw", "/health"],
                }
            ],
        },
    }
