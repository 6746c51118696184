"""Enforcement of network policies is tried, with what is there, and told as it is."""

import subprocess
from collections.abc import Sequence
from dataclasses import replace

import pytest

from infra.slipway.doctor import network
from infra.slipway.kube import PodFact
from infra.verify.ports import free_port


def fact(namespace: str, name: str, phase: str = "Running") -> PodFact:
    ready = int(phase == "Running")
    return PodFact(namespace=namespace, name=name, phase=phase, ready=ready, containers=1, restarts=0, age=9)


RELAY, WEB = fact("todo", "todo-app-relay-6d5f7b9c4-abcde"), fact("todo", "todo-app-web-58d8c7-fghij")
STORES = [fact("data", "postgresql-0"), fact("data", "redis-0")]


def never(*_: object) -> tuple[int, str]:
    raise AssertionError("a container that is not there is asked")


class Pod:
    """Answers as told and remembers who was asked for what."""

    def __init__(self, *answers: str, code: int = 0) -> None:
        self.asked: list[tuple[str, tuple[str, ...]]] = []
        self._answer = code, "\n".join(answers) + "\n"

    def __call__(self, namespace: str, pod: str, command: Sequence[str]) -> tuple[int, str]:
        self.asked.append((pod, tuple(command[4:])))
        return self._answer


@pytest.mark.parametrize(
    ("answers", "embedded", "level", "message"),
    [
        (("open", "shut"), False, "ok", "enforced: todo-app-relay"),
        (("open", "open"), False, "warn", "not enforced: todo-app-relay"),
        (("open", "open"), True, "ok", "not enforced: the embedded"),
        (("shut", "shut"), False, "warn", "cannot tell"),
        (("shut", "open"), False, "warn", "cannot tell"),
        (("Traceback",), False, "warn", "no pod could be asked"),
    ],
)
def test_what_two_connections_show_is_told(answers: tuple[str, ...], embedded: bool, level: str, message: str) -> None:
    pod = Pod(*answers)
    (finding,) = network.check([WEB, RELAY, *STORES], pod, never, embedded=embedded)

    assert finding.level == level
    assert message in finding.message
    assert pod.asked == [(RELAY.name, ("postgresql.data.svc:5432", "redis.data.svc:6379"))]


def test_beside_a_sidecar_the_proxy_is_asked_and_not_the_app_for_which_it_takes_every_connection() -> None:
    proxy = Pod("open", "shut")
    (finding,) = network.check([replace(RELAY, meshed=True), *STORES], never, proxy, embedded=False)

    assert finding.message.startswith("enforced")
    assert [pod for pod, _ in proxy.asked] == [RELAY.name]


def test_a_pod_that_cannot_be_entered_is_no_verdict() -> None:
    (finding,) = network.check([RELAY, *STORES], Pod("open", "shut", code=1), never, embedded=False)

    assert "cannot tell" in finding.message


def test_a_store_that_is_down_is_not_taken_for_a_policy() -> None:
    pod = Pod("open", "open")
    network.check([RELAY, STORES[0], fact("data", "redis-0", "Pending")], pod, never, embedded=False)

    assert pod.asked == [(RELAY.name, ("postgresql.data.svc:5432", network.API))]


def test_without_a_relay_a_web_pod_tries_the_api_server() -> None:
    pod = Pod("open", "shut")
    (finding,) = network.check(
        [fact("todo", "todo-app-relay-s1-6d5f7b9c4-abcde"), WEB, *STORES], pod, never, embedded=False
    )

    assert finding.level == "ok"
    assert pod.asked == [(WEB.name, ("postgresql.data.svc:5432", network.API))]


@pytest.mark.parametrize("facts", [[], STORES, [RELAY]])
def test_nobody_is_asked_where_nobody_could_tell(facts: list[PodFact]) -> None:
    pod = Pod()

    assert network.check(facts, pod, never, embedded=False) == []
    assert pod.asked == []


def test_the_probe_tells_open_from_shut() -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        places = [f"127.0.0.1:{server.getsockname()[1]}", f"127.0.0.1:{free_port()}", "no.such.host.invalid:1"]
        command = ["bash", "-c", network.PROBE, "bash", *places]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)

    assert done.stdout.split() == ["open", "shut", "shut"]
