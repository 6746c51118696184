"""`CLUSTER=embedded`: the front door's view of one instance."""

import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from infra.cluster import hints
from infra.cluster.api import ClusterInfo, NodeImages
from infra.cluster.embedded import (
    addresses,
    extras,
    files,
    forwards,
    identities,
    images,
    machine,
    plan,
    process,
    readiness,
    status,
)
from infra.cluster.embedded.layout import Layout
from infra.lib import gotool
from infra.lib.errors import Exit, SlipwayError
from infra.lib.paths import RUN_ROOT, STATE_ROOT, Instance
from infra.lib.report import Report

# `volumes` would collide with the node's folder of local volumes, /var/lib/slipway/volumes.
RESERVED = frozenset({"volumes"})


class EmbeddedCluster:
    """One instance: a Kubernetes node in namespaces of its own."""

    def __init__(self, instance: Instance, *, restart: bool = True) -> None:
        """`restart` off is the seeded defect of the tests: the supervisor leaves dead what died."""
        if instance.name in RESERVED:
            raise SlipwayError(f"SLIPWAY_INSTANCE={instance.name!r} is reserved", code=Exit.BAD_INPUT)
        self._layout = Layout(instance)
        self._restart = restart

    def start(self, report: Report, *, images: NodeImages) -> None:
        """See `Cluster.start`."""
        layout = self._layout
        wanted = self._prepare(report, pause=images.pause)
        pid = process.alive(layout)
        if pid and process.status(layout).get("version") != wanted["version"]:
            report("settings of the node have changed: restart it with its data")
            process.stop(layout)
            pid = 0
        if not pid:
            process.clear(layout)
            self._write(wanted, pause=images.pause)
            if layout.extras.is_file():
                extras.write(layout, self._network(), report)
            report("start the node's components")
            process.launch(layout)
        readiness.components(layout, report, names=("containerd",))
        self.load_images(images.archives, report)
        network = self._network()
        readiness.cluster(layout, network, report, dns_image=images.coredns)

    def clear_volumes(self) -> None:
        """Empty the local volumes; their pods must be gone."""
        for folder in self._layout.local_volumes:
            for entry in folder.iterdir() if folder.is_dir() else ():
                shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()

    def stop(self) -> None:
        """See `Cluster.stop`."""
        process.stop(self._layout)

    def delete(self, report: Report) -> None:
        """See `Cluster.delete`."""
        report("end the node's processes")
        process.clear(self._layout)
        report("remove its files")
        for folder, root in ((self._layout.instance.state, STATE_ROOT), (self._layout.instance.run, RUN_ROOT)):
            if folder.is_symlink():
                folder.unlink()
            elif folder.is_dir():
                shutil.rmtree(folder)
            if root.is_dir() and not any(root.iterdir()):
                root.rmdir()

    def running(self) -> bool:
        """See `Cluster.running`."""
        return process.alive(self._layout) != 0

    def kubeconfig(self) -> Path:
        """See `Cluster.kubeconfig`."""
        return self._layout.instance.kubeconfig

    def context(self) -> str | None:
        """The kubeconfig holds one context, the current one."""
        return None

    def load_images(self, archives: Mapping[str, Path], report: Report) -> None:
        """See `Cluster.load_images`."""
        images.load(self._layout, archives, report, pid=self._alive())

    def expose(self, namespace: str, service: str, port: int, host_port: int) -> None:
        """See `Cluster.expose`."""
        self._alive()
        forwards.expose(
            self._layout, self._network(), namespace=namespace, service=service, port=port, host_port=host_port
        )

    def unseal(self, report: Report, *, wanted: bool) -> None:
        """See `Cluster.unseal`."""
        self._alive()
        if wanted:
            extras.keep_unsealing(self._layout, self._network(), report)
        else:
            extras.stop_unsealing(self._layout)

    def info(self) -> ClusterInfo:
        """See `Cluster.info`."""
        return status.info(self._layout)

    def _alive(self) -> int:
        if pid := process.alive(self._layout):
            return pid
        raise SlipwayError(
            f"the cluster of instance {self._layout.instance.name!r} does not run",
            hint=hints.make(self._layout.instance, "up"),
            code=Exit.NOT_RUNNING,
        )

    def _network(self) -> addresses.Network:
        """The kept choice; a lost one is read from the certificates, as data in etcd and volumes depend on it."""
        layout = self._layout
        if kept := addresses.chosen(layout.network):
            return kept
        known = identities.node_ip(layout)
        if not known and (layout.lib / "etcd" / "member").exists():
            raise SlipwayError(
                f"{layout.network} is damaged and no certificate tells the addresses of the data beside it",
                hint=f"{hints.make(layout.instance, 'down')}   # removes the data; or write the file anew",
                code=Exit.BAD_INPUT,
                details=('its content, with the block this instance had: {"block": "10.180.0.0/16"}',),
            )
        return addresses.choose(layout.network, taken=addresses.used_by_host(except_link=layout.link), known=known)

    def _prepare(self, report: Report, *, pause: str) -> plan.Data:
        """The plan of today's sources; the node program is built when it is missing."""
        layout = self._layout
        program = gotool.ensure("node", report=report, log=layout.instance.logs / "tools.log")
        network = self._network()
        return plan.make(
            layout, network, program=program, files=self._files(network, pause=pause), restart=self._restart
        )

    def _files(self, network: addresses.Network, *, pause: str) -> dict[str, str]:
        return files.contents(self._layout, network, machine.detect(), pause=pause)

    def _write(self, wanted: plan.Data, *, pause: str) -> None:
        """Folders, keys, certificates and files: everything the supervisor finds when it starts."""
        layout, network = self._layout, self._network()
        for folder in (layout.instance.run, layout.instance.logs, layout.bin, layout.config, *layout.local_volumes):
            folder.mkdir(parents=True, exist_ok=True)
        layout.instance.state.chmod(0o711)
        layout.instance.run.chmod(0o700)
        identities.ensure(layout, network, now=datetime.now(UTC))
        files.write(layout, self._files(network, pause=pause))
        plan.write(layout, wanted)
