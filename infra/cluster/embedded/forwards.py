"""Ports of the host's loopback that lead to Services of the instance."""

import json
import time

from infra.cluster import ports
from infra.cluster.embedded import process
from infra.cluster.embedded.addresses import Network
from infra.cluster.embedded.layout import Layout
from infra.cluster.rest import Rest, poll
from infra.lib.errors import Exit, SlipwayError

DEADLINE = 15.0


def read(layout: Layout) -> dict[int, str]:
    """Host port → target, as kept."""
    try:
        content = json.loads(layout.forwards.read_text(encoding="utf-8"))
        return {int(port): str(target) for port, target in content.items()}
    except (OSError, ValueError, AttributeError):
        return {}


def expose(layout: Layout, network: Network, *, namespace: str, service: str, port: int, host_port: int) -> None:
    """Keep the forward and wait until the supervisor serves it."""
    target = f"{_cluster_ip(layout, network, namespace=namespace, service=service)}:{port}"
    kept = read(layout)
    if kept.get(host_port) == target and _serving(layout, host_port):
        return
    if host_port not in kept and not ports.free(host_port):
        raise ports.taken(host_port)
    temporary = layout.forwards.with_suffix(".new")
    temporary.write_text(json.dumps({**kept, host_port: target}), encoding="utf-8")
    temporary.replace(layout.forwards)
    asked = time.time()
    process.reload(layout)
    if not poll(lambda: _serving(layout, host_port, since=asked), deadline=DEADLINE, pause=0.05):
        if not ports.free(host_port):
            raise ports.taken(host_port)
        raise SlipwayError(
            f"the forwarder of 127.0.0.1:{host_port} does not run",
            hint=f"less {layout.instance.logs}/forward-{host_port}.log",
            code=Exit.DEADLINE,
        )


def _serving(layout: Layout, port: int, *, since: float = 0.0) -> bool:
    entries = process.status(layout).get("components", [])
    name = f"forward-{port}"
    return any(e["name"] == name and e["state"] == "running" and e["since"] >= since for e in entries)


def _cluster_ip(layout: Layout, network: Network, *, namespace: str, service: str) -> str:
    rest = Rest(host=network.node_ip, pki=layout.pki, user="slipway")
    found = rest.get(f"/api/v1/namespaces/{namespace}/services/{service}")
    address = (found or {}).get("spec", {}).get("clusterIP", "")
    if not address or address == "None":
        raise SlipwayError(
            f"Service {namespace}/{service} {'has no address' if found else 'does not exist'}: nothing to serve",
            hint=f"kubectl --kubeconfig {layout.instance.kubeconfig} -n {namespace} get services",
        )
    return str(address)
