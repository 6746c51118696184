"""CLUSTER=context:… applies the same stacks to a cluster by its kubeconfig, and takes only them away again."""

import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
import yaml

from infra.tests.e2e.conftest import Life
from infra.tests.e2e.foreign import forwarded
from infra.verify.bed import TWO_PODS, Bed
from infra.verify.faults.removal import is_keeper
from infra.verify.ports import free_port


@pytest.fixture(scope="module")
def reached(life: Life, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bed]:
    """The same cluster, reached as somebody else's: by kubeconfig and context, its page on a port of its own."""
    config = yaml.safe_load(life.bed.instance.kubeconfig.read_text(encoding="utf-8"))
    server = urlsplit(config["clusters"][0]["cluster"]["server"])
    kubeconfig = tmp_path_factory.mktemp("home") / "kubeconfig"
    with forwarded(str(server.hostname), int(server.port or 443)) as port:
        config["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{port}"
        kubeconfig.touch(mode=0o600)
        kubeconfig.write_text(yaml.safe_dump(config), encoding="utf-8")
        env = {"CLUSTER": f"context:{config['current-context']}", "KUBECONFIG": str(kubeconfig)}
        bed = Bed(name="reached", port=free_port(), env=env)
        try:
            yield bed
        finally:  # the instance's own `down` knows nothing of who forwards a port to it
            bed.call("stop", deadline=180)


def settings(bed: Bed) -> tuple[str, ...]:
    """What the embedded instance derives by itself and a context has to be told."""
    return ("--set", "foundation.volume_root=/var/lib/slipway/volumes", "--set", f"delivery.public_url={bed.url}")


def test_a_context_is_not_touched_without_a_yes(reached: Bed) -> None:
    done = reached.call("up", deadline=180)
    assert done.code == 2, done.text
    assert reached.env["CLUSTER"] in done.err
    assert "--yes" in done.err


def test_the_same_stacks_are_applied_and_the_page_is_reached(reached: Bed, bed: Bed) -> None:
    mark = bed.audit.mark()
    done = reached.call("up", "--yes", "--json", *TWO_PODS, *settings(bed))
    assert done.code == 0, done.text
    assert done.result()["changed"] > 0
    assert bed.audit.writes(since=mark, user="slipway") != []
    with urllib.request.urlopen(f"{reached.url}/readyz", timeout=10) as answer:  # noqa: S310 - loopback
        assert answer.status == 200
    done = reached.call("up", "--yes", "--json", *TWO_PODS, *settings(bed))
    assert done.result()["changed"] == 0, done.text


def test_down_takes_the_stacks_away_and_leaves_the_cluster(reached: Bed, bed: Bed) -> None:
    done = reached.call("down", "--yes", deadline=300)
    assert done.code == 0, done.text
    namespaces = {each["metadata"]["name"] for each in bed.objects("namespaces")}
    assert "kube-system" in namespaces
    assert not namespaces & {"todo", "data", "slipway-system"}
    assert not Path(f"/run/slipway/{reached.name}").exists()


def test_up_again_lets_the_service_in_to_the_data_it_finds(reached: Bed, bed: Bed) -> None:
    """The volume outlives `down` on a foreign cluster, the Secret does not: the new password has to fit."""
    done = reached.call("up", "--yes", "--json", *TWO_PODS, *settings(bed))
    assert done.code == 0, done.text
    with urllib.request.urlopen(f"{reached.url}/readyz", timeout=10) as answer:  # noqa: S310 - loopback
        assert answer.status == 200


def test_stop_ends_the_port_forward_and_leaves_the_cluster(reached: Bed, bed: Bed, life: Life) -> None:
    """A keeper goes on trying for as long as nobody tells it to end, also when the cluster is gone."""
    assert any(f"/{reached.port}.pid" in each for each in kept(life))

    done = reached.call("stop", deadline=180)

    assert done.code == 0, done.text
    assert kept(life) == []
    assert bed.unhealthy() == []


def kept(life: Life) -> list[str]:
    """The keepers of port-forwards to the instance."""
    commands = [" ".join(each.info["cmdline"] or ()) for each in psutil.process_iter(["cmdline"])]
    return [each for each in commands if is_keeper(each, life.bed.name)]
