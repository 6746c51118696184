"""`up` over fakes: the order of its steps, and waiting for the service."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from infra.lib.errors import Exit, SlipwayError
from infra.lib.report import silent
from infra.slipway import plan, power, up
from infra.slipway.front import Door
from infra.slipway.plan import Work
from infra.slipway.session import IMAGES
from infra.tests.slipway import fakes

MINI, STANDARD = fakes.session().images, fakes.session(profile="standard").images


def needs_of(steps: tuple[plan.Step, ...], name: str) -> set[str]:
    """Everything a step comes after."""
    direct = {step.name: step.needs for step in steps}
    found: set[str] = set()
    waiting = list(direct[name])
    while waiting:
        found.add(one := waiting.pop())
        waiting += direct[one]
    return found


def test_the_plan_can_run() -> None:
    plan.check(up.plan(fakes.session()))
    plan.check(up.plan(fakes.session(cluster=None, engine=None)))


def test_stacks_come_in_their_order_after_node_and_images() -> None:
    steps = up.plan(fakes.session())

    assert {"foundation", "data", "load", "cluster", "preflight"} <= needs_of(steps, "delivery")
    assert {f"image {name}" for name in fakes.session().images} <= needs_of(steps, "data")
    assert "cluster" in needs_of(steps, "foundation")


def test_images_are_built_while_the_node_starts() -> None:
    steps = up.plan(fakes.session())

    assert "image todo-app" not in needs_of(steps, "cluster")
    assert "cluster" not in needs_of(steps, "image todo-app")


def test_nothing_begins_before_the_machine_was_looked_at() -> None:
    steps = up.plan(fakes.session())

    assert [step.name for step in steps if not step.needs] == ["preflight"]


def test_a_cluster_that_is_there_already_is_not_built() -> None:
    names = {step.name for step in up.plan(fakes.session(cluster_choice="context:x"))}

    assert not names & {"tools", "cluster", "image pause", "image coredns"}
    assert {"preflight", "load", "foundation", "data", "delivery", "expose", "answer"} <= names


def test_a_repetition_is_timed_apart_from_a_first_run() -> None:
    first = up.plan(fakes.session(cluster=fakes.FakeCluster(is_running=False)))
    again = up.plan(fakes.session())

    assert {step.timing for step in first if step.name == "data"} == {"data"}
    assert {step.timing for step in again if step.name == "data"} == {"data again"}


class Images:
    """Builds in no time; `edits` says after which build the sources change."""

    def __init__(self, folder: Path, *, edits: str = "") -> None:
        self._folder = folder
        self._edits = edits
        self.version = 1

    def refs(self) -> dict[str, str]:
        return {name: f"slipway.local/{name}:{self.version}" for name in (*STANDARD, *power.NODE_IMAGES)}

    def ensure(self, names: list[str], **_: object) -> dict[str, Path]:
        (name,) = names
        (self._folder / name).write_bytes(b"x" * 2_000_000)
        self.version += name == self._edits
        return {name: self._folder / name}


def build(images: Images, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.images.api.refs", images.refs)
    monkeypatch.setattr("infra.images.api.ensure", images.ensure)


def act(steps: tuple[plan.Step, ...], folder: Path, *names: str) -> list[str | None]:
    by_name = {step.name: step for step in steps}
    return [by_name[name].action(Work(silent, folder / "log")) for name in names]


def test_what_was_built_is_loaded_and_deployed_whatever_is_edited_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images, cluster, engine = Images(tmp_path), fakes.FakeCluster(), fakes.FakeEngine()
    build(images, monkeypatch)
    steps = up.plan(fakes.session(cluster=cluster, engine=engine))
    act(steps, tmp_path, "foundation", *(f"image {name}" for name in MINI))
    images.version = 2

    notes = act(steps, tmp_path, "load", "data", "delivery")

    assert notes == ["4 images", "1 changed, 0 unchanged", "1 changed, 0 unchanged"]
    loaded = "load " + ", ".join(f"slipway.local/{name}:1" for name in sorted(MINI))
    assert cluster.calls == [loaded, "unseal False"]
    assert engine.calls == ["up foundation", "up data", "up delivery", "down platform"]
    assert engine.overrides["delivery"]["images"] == {"todo-app": "slipway.local/todo-app:1"}


def test_standard_secures_before_it_keeps_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images, engine = Images(tmp_path), fakes.FakeEngine()
    build(images, monkeypatch)
    monkeypatch.setattr("infra.lib.gomodule.folder", lambda *_, **__: tmp_path / "chart")
    steps = up.plan(fakes.session(engine=engine, profile="standard"))
    plan.check(steps)

    act(steps, tmp_path, *(f"image {name}" for name in STANDARD), "foundation", "platform", "data", "delivery")

    assert {"foundation", "load"} <= needs_of(steps, "platform")
    assert "platform" in needs_of(steps, "data")
    assert engine.calls == ["up foundation", "up platform", "up data", "up delivery"]
    assert engine.overrides["platform"]["gatekeeper_chart"] == str(tmp_path / "chart")
    named = [*IMAGES["platform"]]
    assert engine.overrides["platform"]["images"] == {name: f"slipway.local/{name}:1" for name in named}
    assert engine.overrides["data"]["images"]["vault-bootstrap"] == "slipway.local/vault-bootstrap:1"


def test_mini_has_no_more_steps_and_images_than_it_needs() -> None:
    steps = {step.name for step in up.plan(fakes.session())}

    assert not steps & {"platform", "image gatekeeper"}
    assert {"platform", "image gatekeeper"} <= {step.name for step in up.plan(fakes.session(profile="standard"))}


def test_what_a_larger_profile_left_goes_after_the_app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images, engine = Images(tmp_path), fakes.FakeEngine(there=frozenset({"platform"}))
    build(images, monkeypatch)
    steps = up.plan(fakes.session(engine=engine))

    notes = act(steps, tmp_path, *(f"image {name}" for name in MINI), "delivery")

    assert notes[-1] == "1 changed, 0 unchanged, 1 of platform deleted"
    assert engine.calls == ["up delivery", "down platform"]


def test_an_edit_during_a_build_is_told_and_nothing_wrong_is_deployed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(Images(tmp_path, edits="todo-app"), monkeypatch)

    with pytest.raises(SlipwayError, match="sources of image todo-app changed while it was built"):
        act(up.plan(fakes.session()), tmp_path, "image todo-app")


class Service(HTTPServer):
    """Answers 503 until `ready`."""

    ready = False


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        ready = isinstance(self.server, Service) and self.server.ready
        self.send_response(200 if ready else 503)
        self.end_headers()
        self.wfile.write(b"ok" if ready else b"migrations pending")

    def log_message(self, *arguments: object) -> None:
        """Keep quiet."""


@pytest.fixture
def service() -> Iterator[Service]:
    server = Service(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_up_waits_until_the_service_is_ready(service: Service) -> None:
    threading.Timer(1.0, lambda: setattr(service, "ready", True)).start()

    up.wait_until_ready(lambda: Door(port=service.server_port, secure=False), report=silent, deadline=20)

    assert service.ready


def test_a_service_that_never_is_ready_is_told_with_its_last_answer(service: Service) -> None:
    with pytest.raises(SlipwayError, match="503 migrations pending") as caught:
        up.wait_until_ready(lambda: Door(port=service.server_port, secure=False), report=silent, deadline=1)

    assert (caught.value.code, caught.value.hint) == (Exit.DEADLINE, "make doctor")


def test_a_wrong_setting_of_a_later_stack_stops_it_before_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(Images(tmp_path), monkeypatch)
    cluster, engine = fakes.FakeCluster(), fakes.FakeEngine()
    session = fakes.session(cluster=cluster, engine=engine)
    session.__dict__["settings"] = {"foundation": {"owner": "bob"}, "data": {"nope": 1}, "delivery": {"nope": 1}}

    with pytest.raises(SlipwayError, match="2 wrong settings") as caught:
        up.run(session)

    assert caught.value.code is Exit.BAD_INPUT
    assert (cluster.calls, engine.calls, list(tmp_path.iterdir())) == ([], [], [])
