"""What is in the way is told at once, before anything begins."""

import socket
from dataclasses import replace

import pytest

from infra.lib.errors import Exit, SlipwayError
from infra.lib.findings import Finding
from infra.lib.report import silent
from infra.slipway import preflight
from infra.slipway.options import ENVIRONMENTS
from infra.slipway.session import IMAGES
from infra.tests.slipway import fakes
from infra.verify.ports import free_port

PORT = Finding("fail", "port", "8080 is taken by process 7", "kill 7")
DISK = Finding("fail", "disk", "1 GiB free of 12", "df -h /")
SLOW = Finding("warn", "node program", "not built", "make tools")
REFERENCES = {name: f"slipway.local/{name}:1" for names in IMAGES.values() for name in names}


def prepare(monkeypatch: pytest.MonkeyPatch, *found: Finding) -> None:
    monkeypatch.setattr(preflight, "machine", lambda _: list(found))
    monkeypatch.setattr("infra.slipway.doctor.tools.check", list)


def test_every_failure_is_told_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(monkeypatch, PORT, DISK, SLOW)

    with pytest.raises(SlipwayError, match="2 things of this machine are in the way") as caught:
        preflight.run(fakes.session(), report=silent)

    assert caught.value.code == Exit.MISSING
    assert [line.strip() for line in caught.value.details] == [
        "port: 8080 is taken by process 7", "remedy: kill 7", "disk: 1 GiB free of 12", "remedy: df -h /"
    ]  # fmt: skip


def test_one_failure_is_the_message_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(monkeypatch, PORT)

    with pytest.raises(SlipwayError, match="port: 8080 is taken by process 7") as caught:
        preflight.run(fakes.session(), report=silent)
    assert caught.value.hint == "kill 7"


def test_a_warning_is_said_and_does_not_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(monkeypatch, SLOW)
    said: list[str] = []

    preflight.run(fakes.session(), report=lambda message, **_: said.append(message))

    assert said == ["node program: not built"]


def test_what_up_puts_right_itself_does_not_stop_it(monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(monkeypatch, Finding("fail", "kubelet", "backoff"), Finding("fail", "leftovers", "two mounts"))
    said: list[str] = []

    preflight.run(fakes.session(), report=lambda message, **_: said.append(message))

    assert said == ["kubelet: backoff", "leftovers: two mounts"]


def test_a_context_asks_only_for_the_port(monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(monkeypatch, PORT)

    preflight.run(fakes.session(cluster_choice="context:x", port=str(free_port())), report=silent)


def test_a_context_with_a_taken_port_is_refused_before_anything_is_applied() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(SlipwayError, match=f"port {port} of 127.0.0.1 is held by") as caught:
            preflight.run(fakes.session(cluster_choice="context:x", port=str(port)), report=silent)

    assert caught.value.code == Exit.MISSING


class TestSettings:
    def test_every_wrong_one_of_every_stack_is_told_at_once(self) -> None:
        given: dict[str, dict[str, object]] = {
            "foundation": {"owner": "bob"},
            "data": {"redis_memry": 1},
            "delivery": {"web_replicas": 1000},
        }

        with pytest.raises(SlipwayError, match="2 wrong settings; nothing was changed") as caught:
            preflight.settings(replace(fakes.session(), settings=given), REFERENCES)

        first, second = caught.value.details
        assert caught.value.code is Exit.BAD_INPUT
        assert first == "data: the override: redis_memry: no such key; did you mean redis_memory?"
        assert second.startswith("delivery: web_replicas = 1000: Input should be less than or equal to 100")

    def test_what_spans_two_keys_is_judged(self) -> None:
        with pytest.raises(SlipwayError) as caught:
            preflight.settings(
                replace(fakes.session(), settings={"delivery": {"web_replicas": 3, "web_replicas_max": 2}}), REFERENCES
            )

        assert caught.value.details == ("delivery: web_replicas_max=2 is below web_replicas=3",)

    @pytest.mark.parametrize("environment", ENVIRONMENTS)
    def test_the_repositorys_own_are_right(self, environment: str) -> None:
        preflight.settings(fakes.session(cluster_choice="context:x", environment=environment), REFERENCES)

    def test_text_that_spells_a_value_is_fine(self) -> None:
        given = {"delivery": {"web_replicas": "1", "initial_words": '["spam"]'}}

        preflight.settings(replace(fakes.session(), settings=given), REFERENCES)
