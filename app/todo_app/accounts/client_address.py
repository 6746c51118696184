"""Whom a request comes from. Without trusted proxies that is the peer, whatever headers say."""

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

HOPS_MAX = 20


def client_address(meta: Mapping[str, object], *, trusted: Sequence[IPv4Network | IPv6Network]) -> str:
    """The address to count by; of IPv6 the /64, for a client owns a whole one.

    X-Forwarded-For is read right to left, as long as who wrote it is trusted: further left anybody can write.
    """
    peer = str(meta.get("REMOTE_ADDR", ""))
    address = _parsed(peer)
    if address is None:
        return peer
    hops = str(meta.get("HTTP_X_FORWARDED_FOR", "")).split(",") if trusted else []
    for hop in reversed(hops[-HOPS_MAX:]):
        if not any(address in network for network in trusted):
            break
        before = _parsed(hop.strip())
        if before is None:
            break
        address = before
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, 64), strict=False))
    return str(address)


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
