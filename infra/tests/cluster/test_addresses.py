"""Choice of address ranges."""

from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.cluster.embedded import addresses
from infra.cluster.embedded.addresses import Network
from infra.lib.errors import Exit, SlipwayError


def test_parts_of_a_block_do_not_overlap() -> None:
    network = Network("10.180.0.0/16")
    parts = [IPv4Network(text) for text in (network.node_range, network.pod_range, network.service_range)]

    assert not any(one.overlaps(two) for one in parts for two in parts if one is not two)
    assert IPv4Address(network.node_ip) in parts[0]
    assert IPv4Address(network.dns_ip) in parts[2]
    assert IPv4Address(network.api_service_ip) == parts[2][1]


@given(st.lists(st.ip_addresses(v=4).map(lambda ip: IPv4Network(f"{ip}/20", strict=False)), max_size=20))
def test_chosen_block_overlaps_nothing_in_use(taken: list[IPv4Network]) -> None:
    block = IPv4Network(addresses.first_free(tuple(taken)))

    assert not any(block.overlaps(used) for used in taken)


def test_a_machine_that_uses_every_private_range_is_refused() -> None:
    with pytest.raises(SlipwayError) as refusal:
        addresses.first_free((IPv4Network("10.0.0.0/8"), IPv4Network("172.16.0.0/12")))

    assert refusal.value.code is Exit.MISSING


def test_routes_links_and_resolvers_count_as_used() -> None:
    routes: list[dict[str, object]] = [
        {"dst": "default", "gateway": "10.181.0.1", "dev": "eth0"},
        {"dst": "10.182.0.0/16", "dev": "tun0"},
        {"dst": "10.183.0.0/30", "dev": "sw-own"},
    ]
    links: list[dict[str, object]] = [
        {
            "ifname": "eth0",
            "addr_info": [{"local": "10.184.0.7", "prefixlen": 24}, {"local": "fe80::1", "prefixlen": 64}],
        }
    ]
    used = (
        *addresses.from_routes(routes, except_link="sw-own"),
        *addresses.from_links(links, except_link="sw-own"),
        *addresses.from_resolvers("# a comment\nnameserver 10.180.9.9\nsearch example.org\n"),
    )

    assert addresses.first_free(used) == "10.183.0.0/16"


def test_choice_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "state/network.json"
    first = addresses.choose(file, taken=[IPv4Network("10.180.0.0/16")])

    assert first.block == "10.181.0.0/16"
    assert addresses.choose(file, taken=[IPv4Network("10.181.0.0/16")]) == first


@pytest.mark.parametrize("content", ["", "{", "[]", '{"blocks": 1}'])
def test_a_damaged_choice_is_made_again(tmp_path: Path, content: str) -> None:
    file = tmp_path / "network.json"
    file.write_text(content)

    assert addresses.choose(file, taken=[]).block == addresses.CANDIDATES[0]
