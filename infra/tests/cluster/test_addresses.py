"""Choice of address ranges."""

import shutil
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.cluster.embedded import addresses, identities
from infra.cluster.embedded.addresses import Network
from infra.cluster.embedded.cluster import EmbeddedCluster
from infra.lib import paths
from infra.lib.errors import Exit, SlipwayError
from infra.lib.paths import Instance


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


DAMAGED = ["", "{", '{"block": "10.1', "[]", '{"blocks": 1}', '{"block": "10.1"}', '{"block": "10.0.0.0/8"}']


@pytest.mark.parametrize("content", DAMAGED)
def test_a_damaged_choice_is_made_again(tmp_path: Path, content: str) -> None:
    file = tmp_path / "network.json"
    file.write_text(content)

    assert addresses.choose(file, taken=[]).block == addresses.CANDIDATES[0]


@pytest.fixture
def settled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> EmbeddedCluster:
    """An instance at 10.199.0.0/16, which is not the first choice, with certificates and data of etcd."""
    monkeypatch.setattr(paths, "STATE_ROOT", tmp_path)
    cluster = EmbeddedCluster(Instance("demo"))
    layout = cluster._layout
    network = Network("10.199.0.0/16")
    identities.ensure(layout, network, now=datetime(2026, 1, 1, tzinfo=UTC))
    (layout.lib / "etcd/member").mkdir(parents=True)
    return cluster


@pytest.mark.parametrize("content", DAMAGED)
@pytest.mark.parametrize("lost", [(), ("apiserver",)])
def test_a_damaged_choice_is_read_from_the_certificates(
    settled: EmbeddedCluster, content: str, lost: tuple[str, ...]
) -> None:
    settled._layout.network.write_text(content)
    for name in lost:
        (settled._layout.pki / f"{name}.crt").write_text("cut")

    assert settled._network().block == "10.199.0.0/16"
    assert addresses.chosen(settled._layout.network) == Network("10.199.0.0/16")


def test_data_whose_addresses_nothing_tells_is_refused_naming_the_file(settled: EmbeddedCluster) -> None:
    shutil.rmtree(settled._layout.pki)
    settled._layout.network.write_text("{")
    with pytest.raises(SlipwayError) as refusal:
        settled._network()

    assert str(settled._layout.network) in refusal.value.message
    assert refusal.value.hint.startswith("SLIPWAY_INSTANCE=demo make down")
    assert settled._layout.network.read_text() == "{"
