"""The address that is counted: only what trusted proxies say is believed."""

from ipaddress import ip_network

import pytest

from todo_app.accounts.client_address import client_address

TRUSTED = [ip_network("10.0.0.0/8"), ip_network("fd00::/8")]


@pytest.mark.parametrize(
    ("peer", "forwarded", "counted"),
    [
        ("192.0.2.1", "198.51.100.7", "192.0.2.1"),  # not a proxy of ours
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "203.0.113.9, 198.51.100.7, 10.2.2.2", "198.51.100.7"),  # the left part is the client's word
        ("10.0.0.1", "198.51.100.7, nonsense", "10.0.0.1"),
        ("fd00::1", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", ",".join(["10.9.9.9"] * 5000), "10.9.9.9"),
        ("", "198.51.100.7", ""),
    ],
)
def test_the_header_is_read_from_the_right(peer: str, forwarded: str, counted: str) -> None:
    meta = {"REMOTE_ADDR": peer, "HTTP_X_FORWARDED_FOR": forwarded}

    assert client_address(meta, trusted=TRUSTED) == counted


def test_without_trusted_proxies_no_header_is_believed() -> None:
    meta = {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "198.51.100.7"}

    assert client_address(meta, trusted=[]) == "10.0.0.1"
