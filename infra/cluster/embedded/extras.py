"""Processes a running node gets and loses by profile, without a restart: today the Vault that unseals."""

import json
from datetime import UTC, datetime
from pathlib import Path

from infra.cluster.embedded import identities, process, readiness, unseal
from infra.cluster.embedded.addresses import Network
from infra.cluster.embedded.layout import Layout
from infra.lib import gotool
from infra.lib.report import Report


def keep_unsealing(layout: Layout, network: Network, report: Report) -> None:
    """Run the unsealing Vault from now on, also after `start`; returns once it unseals."""
    write(layout, network, report)
    process.reload(layout)
    readiness.components(layout, report, names=(unseal.NAME,))


def stop_unsealing(layout: Layout) -> None:
    """End it; its key and its data stay, as what they sealed may be used again."""
    if layout.extras.is_file():
        layout.extras.unlink()
        process.reload(layout)


def write(layout: Layout, network: Network, report: Report) -> None:
    """Certificate, configuration and the supervisor's entry."""
    program = gotool.ensure("vault", report=report, log=layout.instance.logs / "tools.log")
    folder = layout.unseal
    (folder / "data").mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    identities.ensure(layout, network, now=datetime.now(UTC))
    settings = {
        "authority": str(layout.pki / "ca.crt"),
        # It asks the API server with the very token it is shown, so it holds none of its own.
        "kubernetes": {
            "kubernetes_host": f"https://{network.node_ip}:6443",
            "kubernetes_ca_cert": (layout.pki / "ca.crt").read_text(encoding="ascii"),
            "disable_local_ca_jwt": True,
        },
    }
    unseal.write_private(folder / "settings.json", json.dumps(settings, indent=1).encode())
    unseal.write_private(folder / "vault.hcl", unseal.configuration(folder, pki=layout.pki).encode())
    entry = {
        "name": unseal.NAME,
        "command": [unseal.NAME, "server", f"-config={folder}/vault.hcl"],
        "program": str(program),
        "probe": f"unseal:{folder}",
        "after": ["kube-apiserver"],
        "env": {"GOGC": "50", "GOMEMLIMIT": "96MiB", "TMPDIR": str(Path(layout.instance.state) / "tmp")},
    }
    unseal.write_private(layout.extras, json.dumps([entry], indent=1).encode())
