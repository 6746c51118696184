"""Figure `sidecar`: what a proxy beside each pod adds to a request, and takes of memory."""

import contextlib
import ctypes
import http.client
import os
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from infra.cluster import select
from infra.cluster.embedded import cgroups
from infra.verify.background import Background
from infra.verify.bed import Bed, BedError
from infra.verify.bench.figure import Desk, Figure, Goal, Value
from infra.verify.bench.security import instance
from infra.verify.mesh import pods
from infra.verify.openloop import percentile
from infra.verify.pod_processes import process_of
from infra.verify.todo_api import PREFIX

MIB = 2**20
CALLS, WARM_UP = 3_000, 300
PAUSE = 0.01  # between pairs: a load that two cores carry without a queue
TODOS = 20
PORT = 8000
CLONE_NEWNET = 0x40000000
# Whom the service graph lets read todos; it speaks mutual TLS itself, as the gateway does.
GATEWAY = pods.Who("gateway", "gateway", "gateway-istio")
PROXY = "istio-proxy"
WAYS = (
    "with: mutual TLS as the gateway's identity from the node to the pod's port 8000, which the sidecar takes; "
    "without: plain HTTP from inside the pod's network to 127.0.0.1:8000, which it leaves alone; "
    "one kept connection each, calls in turns; the proxies between web and its databases stand in both"
)


class Proxies(Background):
    """The highest memory of each sidecar's cgroup, sampled for the length of the block."""

    def __init__(self, folders: Mapping[str, Path], *, every: float = 1.0) -> None:
        super().__init__(every=every)
        self.most = dict.fromkeys(folders, 0)
        self._folders = folders

    def _look(self) -> None:
        while not self._over.wait(self._every):
            for name, folder in self._folders.items():
                self.most[name] = max(self.most[name], cgroups.memory(folder))


def measure(desk: Desk) -> Mapping[str, Value]:
    """Calls in pairs, one each way, on one instance of profile full."""
    with instance("full") as bed:
        desk.report("build what is not in the cache")
        bed.call("images", "--build", deadline=40 * 60.0)
        desk.report("profile full: up")
        bed.up()
        desk.report(f"the todo list {CALLS} times each way")
        with Proxies(sidecars(bed)) as proxies:
            took = _pairs(bed, desk.folder)
    heaviest = max(proxies.most, key=lambda name: proxies.most[name])
    every = ", ".join(f"{name} {size / MIB:.0f}" for name, size in sorted(proxies.most.items()))
    memory = proxies.most[heaviest] / MIB
    return {
        "sidecar": _added(took),
        "mem_sidecar": Value(value=round(memory, 1) if memory else None, note=f"{heaviest} has the most; MiB: {every}"),
    }


def sidecars(bed: Bed) -> dict[str, Path]:
    """Pod → cgroup of its proxy."""
    [root] = select("embedded", bed.instance).info().memory_cgroups
    found: dict[str, Path] = {}
    for namespace in pods.MEMBERS:
        for pod in bed.objects("pods", "-n", namespace, "--field-selector=status.phase=Running"):
            for each in pod["status"].get("initContainerStatuses", []):
                if each["name"] == PROXY and each.get("started"):
                    name = str(each["containerID"]).rpartition("/")[2]
                    found[str(pod["metadata"]["name"])] = next(
                        path for path in root.rglob(f"*{name}*") if path.is_dir()
                    )
    if not found:
        raise BedError("no pod has a sidecar: the figure has no subject")
    return found


def _pairs(bed: Bed, folder: Path) -> dict[str, list[float]]:
    """Seconds of each call, in both ways; the order within a pair alternates."""
    api = bed.api()
    for number in range(TODOS):
        api.add(f"one of the list {number}")
    headers = {"Authorization": f"Bearer {api.token}", "Host": "localhost", "X-Forwarded-Proto": "https"}
    web, *_ = [
        each
        for each in bed.objects("pods", "-n", "todo", "-l", "app.kubernetes.io/component=web")
        if "deletionTimestamp" not in each["metadata"]
    ]
    node = select("embedded", bed.instance).info().supervisor_pid
    with _certificate(bed, folder) as tls, contextlib.ExitStack() as held:
        raw = _connected(node, str(web["status"]["podIP"]))
        ends = {
            "with": held.enter_context(tls.wrap_socket(raw)),
            "without": held.enter_context(_connected(process_of(web), "127.0.0.1")),
        }
        ways = {name: _caller(end, headers) for name, end in ends.items()}
        took: dict[str, list[float]] = {name: [] for name in ways}
        for number in range(CALLS + WARM_UP):
            for name in sorted(ways, reverse=bool(number % 2)):
                took[name].append(ways[name]())
            time.sleep(PAUSE)
    return {name: each[WARM_UP:] for name, each in took.items()}


@contextlib.contextmanager
def _certificate(bed: Bed, folder: Path) -> Iterator[ssl.SSLContext]:
    """The gateway's identity, from a probe that asked istiod for it; the server must be of the same authority."""
    pods.start(bed, [GATEWAY])
    try:
        for name in ("cert-chain.pem", "key.pem", "root-cert.pem"):
            words = ("exec", GATEWAY.pod, "-c", "probe", "--", "cat", f"{pods.CERTS}/{name}")
            (folder / name).touch(mode=0o600)
            (folder / name).write_text(bed.kubectl("-n", GATEWAY.namespace, *words), encoding="utf-8")
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        made.check_hostname = False  # its name is a service account's
        made.load_verify_locations(folder / "root-cert.pem")
        made.load_cert_chain(folder / "cert-chain.pem", folder / "key.pem")
        yield made
    finally:
        pods.stop(bed, [GATEWAY])


def _connected(process: int, host: str) -> socket.socket:
    """A connection made in the network of a process; this thread is back in its own afterwards."""
    libc = ctypes.CDLL(None, use_errno=True)
    with Path("/proc/thread-self/ns/net").open("rb") as own, Path(f"/proc/{process}/ns/net").open("rb") as there:
        if libc.setns(there.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")
        try:
            made = socket.create_connection((host, PORT), 10)
        finally:
            libc.setns(own.fileno(), CLONE_NEWNET)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


def _caller(end: socket.socket, headers: dict[str, str]) -> Callable[[], float]:
    """One request on the connection, to its answer's last byte."""
    connection = http.client.HTTPConnection("localhost")
    connection.sock = end

    def call() -> float:
        begin = time.perf_counter()
        connection.request("GET", f"{PREFIX}/todos", headers=headers)
        answer = connection.getresponse()
        text = answer.read()
        seconds = time.perf_counter() - begin
        if answer.status != 200 or connection.sock is None:
            raise BedError(f"the todo list answered {answer.status}: {text[:200]!r}")
        return seconds

    return call


def _added(took: Mapping[str, list[float]]) -> Value:
    """p99 with the sidecar less p99 without, of calls made in turns."""

    def at(share: float, seconds: list[float]) -> float:
        return percentile(seconds, share) * 1000

    late = {name: at(0.99, each) for name, each in took.items()}
    usual = {name: at(0.5, each) for name, each in took.items()}
    pairs = [one - other for one, other in zip(took["with"], took["without"], strict=True)]
    note = f"p99 {late['with']:.1f} and {late['without']:.1f} ms, p50 {usual['with']:.1f} and {usual['without']:.1f} ms"
    note += f"; of {len(pairs)} pairs half differ by less than {at(0.5, pairs):.1f} ms; {os.cpu_count()} cores; {WAYS}"
    return Value(value=round(late["with"] - late["without"], 1), note=note)


SIDECAR = Figure(
    id="sidecar",
    group="platform",
    title="what a sidecar adds to the todo list, and takes",
    goals=(
        Goal(
            id="sidecar",
            unit="ms",
            at_most=3,
            peer="Istio's own test of 1.15: 2.65 ms at p90, two proxies, 1,000 requests/s (istio.io)",
            limit="0.2 ms: one more loopback hop, read and written by one Envoy thread",
        ),
        Goal(
            id="mem_sidecar",
            unit="MiB",
            at_most=45,
            peer="Istio's own test of 1.15: 40 MB at 1,000 requests/s (istio.io)",
            limit="32 to 43 MB: Envoy and pilot-agent, tried alone (machine.md)",
        ),
    ),
    measure=measure,
)
