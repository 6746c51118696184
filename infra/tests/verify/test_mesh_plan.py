"""What R39 and R40 ask of a mesh: every pair and port, both verdicts, and what they leave has a reason."""

import base64
import json
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import pytest

from infra.graph.load import service_graph
from infra.graph.model import Workload
from infra.verify.bed import Bed
from infra.verify.faults import mesh
from infra.verify.faults.judge import Judgement, row
from infra.verify.mesh import checks, plan, talk
from infra.verify.mesh.plan import METHODS, Question
from infra.verify.mesh.pods import Who
from infra.verify.mesh.talk import DENIED, Ask
from infra.verify.ports import free_port
from infra.verify.provenance import Provenance

EVERYBODY = checks.everyone()

WHOLE = plan.plan(EVERYBODY)
GRAPH = service_graph()
YES = b"HTTP/1.1 200 OK\r\n\r\n"
NO = b"HTTP/1.1 403 Forbidden\r\ncontent-length: %d\r\n\r\n" % len(DENIED) + DENIED


@pytest.fixture
def bed() -> Bed:
    return Bed(name="nocluster", port=free_port())


def answering(monkeypatch: pytest.MonkeyPatch, verdict: dict[bool, bytes]) -> None:
    """A mesh that answers what the graph wants answered with one of two, and the rest with the other."""

    def told(_: Bed, who: Who, asks: Sequence[Ask]) -> list[bytes]:
        asked = WHOLE.questions[who]
        assert len(asked) == len(asks)
        return [verdict[question.wanted] for question in asked]

    monkeypatch.setattr(checks, "ask", told)
    monkeypatch.setattr(checks, "addresses", lambda _: dict.fromkeys(plan.targets(), "10.0.0.1"))


def of(name: str) -> list[Question]:
    [found] = [questions for who, questions in WHOLE.questions.items() if who.name == name]
    return found


def test_every_pair_and_port_is_asked_or_left_with_a_reason() -> None:
    for who in EVERYBODY:
        asked = {(question.target, question.port) for question in WHOLE.questions[who]}
        for target, workload in plan.targets().items():
            for name, port in workload.ports.items():
                left = (who.name, f"{target}:{name}") in WHOLE.left
                assert ((target, port.numbers[0]) in asked) is not left, f"{who.name} {target}:{name}"


def test_every_edge_between_pods_is_asked_as_declared_or_left_with_a_reason() -> None:
    edges = 0
    for caller, call in GRAPH.edges("full"):
        if not (isinstance(GRAPH.node(caller), Workload) and isinstance(GRAPH.node(call.to), Workload)):
            assert f"{caller} -> {call.to}:{call.port}" in plan.outside()
            continue
        number = GRAPH.node(call.to).ports[call.port].numbers[0]
        wanted = [each for each in of(caller) if (each.target, each.port) == (call.to, number) and each.wanted]
        assert wanted or (caller, f"{call.to}:{call.port}") in WHOLE.left
        edges += bool(wanted)
    assert edges > 40


def test_nobody_is_left_out_whom_a_sidecar_could_refuse() -> None:
    assert set(plan.members()) == {"web", "relay", "postgresql", "redis"}
    assert {pair.partition(":")[0] for _, pair in WHOLE.left} == {*plan.ALONE}
    for who in EVERYBODY:
        refused = {(each.target, each.port) for each in WHOLE.questions[who] if not each.wanted}
        allowed = {(each.target, each.port) for each in WHOLE.questions[who] if each.wanted}
        both = {(name, port) for name, ports in plan.members().items() for port in ports}
        assert both <= refused | allowed, who


def test_each_method_is_asked_of_who_may_call_and_of_who_may_not() -> None:
    for name, wanted in (("gateway", {True, False}), ("test", {True, False}), ("stranger in todo", {False})):
        asked = [each for each in of(name) if (each.target, each.port) == ("web", 8000)]
        assert {each.method for each in asked} == set(METHODS)
        assert {each.wanted for each in asked} == wanted
    assert {each.wanted for each in of("gateway") if each.method == "PUT"} == {False}


def test_what_no_sidecar_guards_is_asked_by_who_is_declared() -> None:
    assert Question("vault", 8200, "", "", wanted=True, tls=True) in of("web")
    assert Question("istiod", 15012, "", "", wanted=True, tls=True) in of("gateway")
    assert Question("coredns", 53, "", "", wanted=True) in of("redis")
    assert Question("istiod", 15014, "GET", "/metrics", wanted=True) in of("prometheus")
    assert not [each for each in of("stranger outside") if each.target in plan.ALONE]


def test_a_mesh_that_does_as_declared_is_green(bed: Bed, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, {True: YES, False: NO})

    assert list(checks.call_graph(bed, EVERYBODY)) == []


@pytest.mark.parametrize(
    ("verdict", "said"), [({True: YES, False: YES}, "answered"), ({True: NO, False: NO}, "refused")]
)
def test_a_mesh_that_is_open_or_shut_is_found_for_each_question(
    bed: Bed, monkeypatch: pytest.MonkeyPatch, verdict: dict[bool, bytes], said: str
) -> None:
    answering(monkeypatch, verdict)
    wrong = [each for asked in WHOLE.questions.values() for each in asked if each.wanted is (said == "refused")]

    found = list(checks.call_graph(bed, EVERYBODY))

    assert len(found) == len(wrong) > 100
    assert all(f"is {said}" in each for each in found)


@pytest.mark.parametrize(
    ("broken", "said"), [((15000, "GET", "/config_dump"), "answers"), ((15021, "GET", "/healthz/ready"), "is silent")]
)
def test_a_sidecar_that_tells_more_or_less_is_found(
    bed: Bed, monkeypatch: pytest.MonkeyPatch, broken: tuple[int, str, str], said: str
) -> None:
    answers = {**plan.OWN}

    def told(_: Bed, __: Who, asks: Sequence[Ask]) -> list[bytes]:
        plain = asks[0].how == "plain"
        return [YES if wanted and plain else b"" for wanted in answers.values()]

    monkeypatch.setattr(checks, "ask", told)
    monkeypatch.setattr(checks, "addresses", lambda _: dict.fromkeys(plan.targets(), "10.0.0.1"))
    assert list(checks.of_sidecars(bed, checks.OUTSIDE)) == []

    answers[broken] = not answers[broken]
    found = list(checks.of_sidecars(bed, checks.OUTSIDE))

    assert len(found) == len(plan.members())
    assert all(said in each and str(broken[0]) in each for each in found)


@pytest.mark.parametrize(
    ("broken", "grpc", "found"),
    [(None, b"", 0), ((15014, "GET", "/debug/syncz"), b"", 1), (None, b"\x00\x00\x06\x04", 1)],
)
def test_an_istiod_that_tells_of_proxies_in_plain_text_is_found(
    bed: Bed, monkeypatch: pytest.MonkeyPatch, broken: tuple[int, str, str] | None, grpc: bytes, found: int
) -> None:
    answers = [YES if wanted or place == broken else b"" for place, wanted in plan.ISTIOD.items()]
    monkeypatch.setattr(checks, "ask", lambda *_: [*answers, grpc])
    monkeypatch.setattr(checks, "addresses", lambda _: dict.fromkeys(plan.targets(), "10.0.0.1"))

    assert len(list(checks.of_istiod(bed, checks.OUTSIDE))) == found


def test_of_its_own_ports_a_sidecar_tells_health_and_figures_only() -> None:
    told = {(port, path) for (port, _, path), answers in plan.OWN.items() if answers}

    assert {path for _, path in told} == {"/healthz/ready", "/stats/prometheus"}
    assert {port for port, _ in told} == {15020, 15021, 15090}
    assert {port for port, _, _ in plan.OWN} == {15000, 15004, 15020, 15021, 15090}


def test_the_result_says_what_was_not_judged() -> None:
    [fault] = [each for each in mesh.MESH if each.id == "R40"]
    done = Judgement(rounds=1, broken=(), twins=1, teeth=1, seed=1, seconds=1.0)
    told = row(fault, done, Provenance.now())

    text = json.dumps(told["not_judged"])
    assert all(name in text for name in plan.ALONE)
    assert "NetworkPolicies" in text
    assert "no pod of the cluster" in text


def test_a_name_is_asked_for_as_dns_has_it() -> None:
    asked = talk.tcp("kube-dns.kube-system.svc", 53).send

    assert int.from_bytes(asked[:2], "big") == len(asked) - 2
    assert b"\x0akubernetes\x07default\x03svc" in asked
    assert talk.tls("h", 1).how == "tls"


def test_a_probe_shakes_hands_with_whoever_has_a_certificate_and_with_nobody_else(tmp_path: Path) -> None:
    for name, text in checks.forged(checks.OUTSIDE).items():
        (tmp_path / name).write_bytes(text)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "forged.pem", tmp_path / "forged.key")

    def shake(server: socket.socket) -> None:
        with server.accept()[0] as one, context.wrap_socket(one, server_side=True):
            pass

    def say(server: socket.socket) -> None:
        with server.accept()[0] as one:
            one.sendall(b"no TLS here\n")

    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_server(("127.0.0.1", 0)) as plain:
        threads = [threading.Thread(target=act, args=[each]) for act, each in ((shake, server), (say, plain))]
        for thread in threads:
            thread.start()
        asks = [talk.tls("127.0.0.1", each.getsockname()[1]) for each in (server, plain)]
        given = json.dumps([{**asdict(each), "send": ""} for each in asks])
        done = subprocess.run(
            [sys.executable, "-c", talk.SCRIPT], input=given, capture_output=True, text=True, timeout=30, check=True
        )
        for thread in threads:
            thread.join(10)

    assert [base64.b64decode(each) for each in json.loads(done.stdout)] == [talk.SHOOK, b""]
    assert talk.let_in(talk.SHOOK)


def test_there_is_a_stranger_for_each_namespace_of_the_graph() -> None:
    asked = {who.namespace for who in (*checks.STRANGERS, *checks.elsewhere())}

    assert {each.namespace for each in service_graph().workloads.values()} <= asked
