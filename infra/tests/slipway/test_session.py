"""Settings that follow from the choice, and the user's own on top."""

import pytest

from infra.lib.errors import Exit, SlipwayError
from infra.slipway.options import choose
from infra.slipway.session import NODE_VOLUMES, Session, parse_settings
from infra.tests.slipway import fakes

REFERENCES = {name: f"slipway.local/{name}:1" for name in ("pause", "postgresql", "redis", "secrets-init", "todo-app")}


def test_a_stack_gets_the_images_it_runs_and_no_other() -> None:
    one = fakes.session()

    assert set(one.overrides("data", REFERENCES)["images"]) == {"postgresql", "redis", "secrets-init"}
    assert set(one.overrides("delivery", REFERENCES)["images"]) == {"todo-app"}


def test_the_embedded_node_keeps_volumes_in_its_own_folder_and_a_context_does_not() -> None:
    assert fakes.session().overrides("foundation", REFERENCES)["volume_root"] == NODE_VOLUMES
    assert "volume_root" not in fakes.session(environment="dev").overrides("foundation", REFERENCES, rendering=True)
    assert "volume_root" not in Session(choose(cluster="context:x")).overrides("foundation", REFERENCES)


def test_the_public_url_follows_the_port_where_the_page_is_on_this_machine() -> None:
    local = Session(choose(port="18080")).overrides("delivery", REFERENCES)
    staging = Session(choose(port="18080", environment="staging")).overrides("delivery", REFERENCES)

    assert local["public_url"] == "http://127.0.0.1:18080"
    assert "public_url" not in staging


def test_the_users_own_settings_win() -> None:
    settings = parse_settings(("delivery.web_replicas=2", "delivery.public_url=http://x", "foundation.volume_root="))
    one = Session(choose(), settings)

    assert one.overrides("delivery", REFERENCES)["web_replicas"] == 2
    assert one.overrides("delivery", REFERENCES)["public_url"] == "http://x"
    assert one.overrides("foundation", REFERENCES)["volume_root"] is None


def test_every_bad_setting_is_told() -> None:
    with pytest.raises(SlipwayError) as caught:
        parse_settings(("nonsense", "mesh.key=1", "data.=2"))

    told = "\n".join([caught.value.message, *caught.value.details])
    assert caught.value.code == Exit.BAD_INPUT
    assert all(bad in told for bad in ("--set nonsense", "--set mesh.key=1", "--set data.=2"))


def test_the_embedded_cluster_is_refused_without_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)

    with pytest.raises(SlipwayError, match="needs root") as caught:
        Session(choose()).require_permission()
    assert caught.value.code == Exit.MISSING
    Session(choose(cluster="context:x")).require_permission()


def test_a_command_that_needs_a_cluster_says_how_to_get_one() -> None:
    with pytest.raises(SlipwayError, match="no cluster runs for instance slipway") as caught:
        fakes.session(cluster=fakes.FakeCluster(is_running=False)).require_running()

    assert (caught.value.code, caught.value.hint) == (Exit.NOT_RUNNING, "make up")


def test_a_second_run_names_the_holder_of_the_lock(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLIPWAY_CACHE", str(tmp_path))
    one = Session(choose(cluster="context:x"))

    with one.locked("up"), pytest.raises(SlipwayError, match=r"held by process \d+ \(up") as caught, one.locked("down"):
        pytest.fail("two held the lock")
    assert caught.value.code == Exit.BUSY
