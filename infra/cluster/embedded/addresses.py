"""Choice of address ranges that collide with nothing the host uses."""

import ipaddress
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from ipaddress import IPv4Network
from pathlib import Path

from infra.lib.errors import Exit, SlipwayError
from infra.lib.paths import STATE_ROOT
from infra.lib.process import capture

# 10.180.0.0/16 upwards is rarely used by offices and clouds; the rest is there for machines that use it.
CANDIDATES = (
    *(f"10.{second}.0.0/16" for second in (*range(180, 255), *range(1, 180))),
    *(f"172.{second}.0.0/16" for second in range(16, 32)),
)


BLOCK = 16  # bits of the prefix


@dataclass(frozen=True)
class Network:
    """One /16 of which the instance uses three parts; `host_ip` is the host's end of the veth pair."""

    block: str

    @property
    def node_range(self) -> str:
        """The veth pair."""
        return str(next(IPv4Network(self.block).subnets(new_prefix=30)))

    @property
    def host_ip(self) -> str:
        """Address of the host on the veth pair."""
        return str(IPv4Network(self.node_range)[1])

    @property
    def node_ip(self) -> str:
        """Address of the node: API server, kubelet."""
        return str(IPv4Network(self.node_range)[2])

    @property
    def pod_range(self) -> str:
        """Addresses of pods, given out by CNI host-local."""
        return str(list(IPv4Network(self.block).subnets(new_prefix=18))[1])

    @property
    def service_range(self) -> str:
        """Addresses of Services."""
        return str(list(IPv4Network(self.block).subnets(new_prefix=18))[2])

    @property
    def api_service_ip(self) -> str:
        """`kubernetes.default`."""
        return str(IPv4Network(self.service_range)[1])

    @property
    def dns_ip(self) -> str:
        """CoreDNS."""
        return str(IPv4Network(self.service_range)[10])


def chosen(file: Path) -> Network | None:
    """The choice made earlier, `None` when there is none or it cannot be read."""
    try:
        network = Network(**json.loads(file.read_text(encoding="utf-8")))
        return network if IPv4Network(network.block).prefixlen == BLOCK else None
    except (OSError, ValueError, TypeError):
        return None


def choose(file: Path, *, taken: Iterable[IPv4Network], known: str = "") -> Network:
    """The kept choice, else the block with the `known` node address, else the first free of `taken`; kept in `file`.

    A kept choice is not judged again: the node's own address is in its certificates and its data.
    """
    if kept := chosen(file):
        return kept
    network = Network(str(IPv4Network(f"{known}/{BLOCK}", strict=False)) if known else first_free(tuple(taken)))
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_suffix(".new")
    with temporary.open("w", encoding="utf-8") as stream:
        stream.write(json.dumps(asdict(network)))
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(file)
    return network


def first_free(taken: tuple[IPv4Network, ...]) -> str:
    """The first candidate that overlaps none of `taken`."""
    for candidate in CANDIDATES:
        if not any(IPv4Network(candidate).overlaps(used) for used in taken):
            return candidate
    raise SlipwayError(
        "every private address range is used by a route, an interface or a resolver of this machine",
        hint="ip route show table all",
        code=Exit.MISSING,
    )


def used_by_host(*, except_link: str) -> tuple[IPv4Network, ...]:
    """Routes, interface addresses and resolvers of this machine, and what other instances have chosen."""
    routes = json.loads(capture(["ip", "-4", "-json", "route", "show", "table", "all"]) or "[]")
    links = json.loads(capture(["ip", "-4", "-json", "address", "show"]) or "[]")
    resolvers = Path("/etc/resolv.conf")
    text = resolvers.read_text(encoding="utf-8") if resolvers.is_file() else ""
    other = (chosen(file) for file in sorted(STATE_ROOT.glob("*/network.json")))
    return (
        *from_routes(routes, except_link=except_link),
        *from_links(links, except_link=except_link),
        *from_resolvers(text),
        *(IPv4Network(network.block) for network in other if network),
    )


def from_routes(routes: Iterable[dict[str, object]], *, except_link: str) -> Iterator[IPv4Network]:
    """Destinations and gateways of `ip -json route`; the default route's destination is no collision."""
    for route in routes:
        if route.get("dev") == except_link or str(route.get("dev", "")) == "lo":
            continue
        yield from _networks(str(route.get(key, "")) for key in ("dst", "gateway", "prefsrc"))


def from_links(links: Iterable[dict[str, object]], *, except_link: str) -> Iterator[IPv4Network]:
    """Interface addresses of `ip -json address`."""
    for link in links:
        entries = link.get("addr_info")
        if link.get("ifname") == except_link or not isinstance(entries, list):
            continue
        yield from _networks(f"{entry.get('local')}/{entry.get('prefixlen')}" for entry in entries)


def from_resolvers(text: str) -> Iterator[IPv4Network]:
    """Name servers of a resolv.conf."""
    for line in text.splitlines():
        words = line.split()
        if len(words) > 1 and words[0] == "nameserver":
            yield from _networks([words[1]])


def _networks(texts: Iterable[str]) -> Iterator[IPv4Network]:
    for text in texts:
        try:
            network = ipaddress.ip_network(text, strict=False)
        except ValueError:
            continue  # "default", "broadcast", an IPv6 address with a zone
        if isinstance(network, IPv4Network) and network.prefixlen > 0:
            yield network
