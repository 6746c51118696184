"""What is in the way is told at once, before anything begins."""

import pytest

from infra.lib.errors import Exit, SlipwayError
from infra.lib.findings import Finding
from infra.lib.report import silent
from infra.slipway import preflight
from infra.tests.slipway import fakes

PORT = Finding("fail", "port", "8080 is taken by process 7", "kill 7")
DISK = Finding("fail", "disk", "1 GiB free of 12", "df -h /")
SLOW = Finding("warn", "node program", "not built", "make tools")


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


def test_a_context_asks_nothing_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(monkeypatch, PORT)

    preflight.run(fakes.session(cluster_choice="context:x"), report=silent)
