"""Where load may go: loopback, unless a host is written out."""

import ipaddress
import socket
from urllib.parse import urlsplit


class TargetError(Exception):
    """The host of a run is not allowed or not understood."""


def check(url: str, *, allowed: frozenset[str]) -> str:
    """The URL without a trailing slash; refused unless every address of its host is loopback or it is in `allowed`."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise TargetError(f"--host {url!r} is no http(s) URL")
    if parts.hostname not in allowed:
        outside = [address for address in _addresses(parts.hostname) if not address.is_loopback]
        if outside:
            raise TargetError(
                f"--host {url!r} is {outside[0]}, not loopback; write --allow-host {parts.hostname} if you may load it"
            )
    return url.rstrip("/")


def _addresses(host: str) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        raise TargetError(f"--host: {host!r} does not resolve: {error}") from error
    return [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
