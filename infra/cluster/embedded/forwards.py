"""Ports of the host's loopback that lead to Services of the instance."""

import json
import time
from collections.abc import Mapping, Set

from infra.cluster import hints, ports
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
    """Keep the forward instead of an earlier one to the same target, and wait until the supervisor serves it."""
    services = _addresses(layout, network)
    target = f"{_cluster_ip(layout, services, namespace=namespace, service=service)}:{port}"
    kept = read(layout)
    wanted = moved(kept, target=target, host_port=host_port, alive=frozenset(services.values()))
    if kept == wanted and _serving(layout, host_port):
        return
    if host_port not in kept and not ports.free(host_port):
        raise ports.taken(host_port)
    temporary = layout.forwards.with_suffix(".new")
    temporary.write_text(json.dumps(wanted), encoding="utf-8")
    temporary.replace(layout.forwards)
    asked = 0.0 if kept.get(host_port) == target else time.time()
    process.reload(layout)
    if not poll(lambda: _serving(layout, host_port, since=asked), deadline=DEADLINE, pause=0.05):
        if not ports.free(host_port):
            raise ports.taken(host_port)
        raise SlipwayError(
            f"the forwarder of 127.0.0.1:{host_port} does not run",
            hint=f"less {layout.instance.logs}/forward-{host_port}.log",
            code=Exit.DEADLINE,
        )


def moved(kept: Mapping[int, str], *, target: str, host_port: int, alive: Set[str]) -> dict[int, str]:
    """The forwards with `target` on `host_port` alone, and without those that lead to no Service's address any more."""
    stay = {port: to for port, to in kept.items() if to != target and to.rpartition(":")[0] in alive}
    return {**stay, host_port: target}


def _serving(layout: Layout, port: int, *, since: float = 0.0) -> bool:
    entries = process.status(layout).get("components", [])
    name = f"forward-{port}"
    return any(e["name"] == name and e["state"] == "running" and e["since"] >= since for e in entries)


def _addresses(layout: Layout, network: Network) -> dict[str, str]:
    """`namespace/name` of each Service → its address, "None" for a headless one."""
    listed = Rest(host=network.node_ip, pki=layout.pki, user="slipway").get("/api/v1/services") or {}
    entries = ((entry["metadata"], entry["spec"]) for entry in listed.get("items", []))
    return {f"{meta['namespace']}/{meta['name']}": spec.get("clusterIP", "") for meta, spec in entries}


def _cluster_ip(layout: Layout, services: Mapping[str, str], *, namespace: str, service: str) -> str:
    address = services.get(f"{namespace}/{service}")
    if address in {None, "", "None"}:
        raise SlipwayError(
            f"Service {namespace}/{service} {'does not exist' if address is None else 'has no address'}: "
            "nothing to serve",
            hint=hints.kubectl(layout.instance, f"-n {namespace} get services"),
        )
    return str(address)
