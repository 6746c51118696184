"""What the mesh promises, as questions to probes; each yields what broke, so that nothing is the green answer."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from infra.graph.load import service_graph
from infra.verify.bed import Bed, BedError
from infra.verify.mesh import plan
from infra.verify.mesh.plan import Question
from infra.verify.mesh.pods import CERTIFICATE_LASTS, MEMBERS, Who
from infra.verify.mesh.talk import Ask, ask, http, http2, let_in, put, refused_by_name, tcp, tls

# kubelet's: TLS, so that plain HTTP is answered by a 400 that only somebody there can send.
NODE_PORT = 10250
WEB, RELAY = "web", "relay"
# A Service's port where it differs from its pods'.
BEHIND = {(WEB, 8000): 80}
STRANGERS = (
    Who("stranger in todo", "todo", "stranger"),
    Who("stranger in data", "data", "stranger"),
    Who("stranger outside", "outside", "stranger"),
)
PROMETHEUS = Who("prometheus", "observability", "prometheus")
OUTSIDE = STRANGERS[2]
TESTER = Who("test", "todo", "todo-app-test")
# As `test`, which may GET /healthz and /readyz: the path as sent, and whether it is one of them once it is read as
# the app reads it.
TRICKS = {
    "/healthz": True,
    "//healthz": True,
    "/./healthz": True,
    "/x/../healthz": True,
    "/healthz?next=/admin/": True,
    "/healthz/": False,
    "/HEALTHZ": False,
    "/healthz;x": False,
    "/healthz%00": False,
    "/healthz/../admin/": False,
    "/healthz/%2e%2e/admin/": False,
    "/healthz%2f..%2fadmin/": False,
    "/healthz%2F%2E%2E%2Fadmin/": False,
    "/healthz%5c..%5cadmin/": False,
    "/healthz\\..\\admin/": False,
    "//admin//": False,
    "/healthz;/../admin/": False,
    "/readyz/..;/admin/": False,
}


def everyone() -> list[Who]:
    """Each workload of the graph that may have pods of its own, and strangers."""
    graph = service_graph()
    known = [
        Who(name, each.namespace, each.account) for name, each in graph.workloads.items() if each.stack != "cluster"
    ]
    return [*known, *STRANGERS]


def elsewhere() -> list[Who]:
    """A stranger in each namespace that the graph has and the mesh has not."""
    taken = {who.namespace for who in STRANGERS} | {*MEMBERS}
    spaces = {each.namespace for each in service_graph().workloads.values()} - taken
    return [Who(f"stranger in {space}", space, "stranger") for space in sorted(spaces)]


def addresses(bed: Bed) -> dict[str, str]:
    """A pod of each target that has one; istiod and the members have."""
    found: dict[str, str] = {}
    for name, workload in plan.targets().items():
        selector = ",".join(f"{key}={value}" for key, value in workload.labels.items())
        pods = bed.objects("pods", "-n", workload.namespace, "-l", selector, "--field-selector=status.phase=Running")
        living = [each["status"]["podIP"] for each in pods if not each["metadata"].get("deletionTimestamp")]
        found |= {name: living[0]} if living else {}
    if missing := {*plan.members(), "istiod"} - {*found}:
        raise BedError(f"no pod of {', '.join(sorted(missing))} runs")
    return found


def plaintext(bed: Bed, everybody: list[Who]) -> Iterator[str]:
    """R39: without a certificate of the mesh nobody is spoken to, from whatever namespace, on whatever port."""
    places = addresses(bed)
    asks = [_first(places[name], name, port) for name, ports in plan.members().items() for port in ports]
    alone = [each for each in everybody if not each.meshed]
    _prepare(bed, alone)
    for who in alone:
        for how in ("plain", "forged", "kept", "mesh"):
            answers = ask(bed, who, [each.by(how) for each in asks])
            for each, answer in zip(asks, answers, strict=True):
                declared = how == "mesh" and plan.declared(
                    who.name, _target(places, each), each.port, "GET", "/healthz"
                )
                if let_in(answer) is not declared:
                    yield f"{who.name} {how} to {each.host}:{each.port}: {answer[:60]!r}"
                if (
                    how == "mesh"
                    and _target(places, each) in {WEB, RELAY}
                    and not declared
                    and not refused_by_name(answer)
                ):
                    yield f"{who.name} to {each.host}:{each.port} is no 403: {answer[:60]!r}"


def of_sidecars(bed: Bed, who: Who) -> Iterator[str]:
    """R39: of the sidecar's own ports health and figures answer in plain text, and nothing else, whoever asks."""
    places = addresses(bed)
    for name in plan.members():
        asks = [http(places[name], port, method, path) for port, method, path in plan.OWN]
        for how in ("plain", "mesh"):
            answers = ask(bed, who, [each.by(how) for each in asks])
            for each, wanted, answer in zip(asks, plan.OWN.values(), answers, strict=True):
                answered = answer.startswith(b"HTTP/1.1 2")
                if answered is not wanted and not (wanted and how == "mesh"):  # what speaks plain text has no TLS
                    verdict = "answers" if answered else "is silent"
                    yield f"the sidecar of {name} {verdict} {how} at {each.port} {each.what}: {answer[:60]!r}"


def of_istiod(bed: Bed, who: Who) -> Iterator[str]:
    """R39: istiod's ports without TLS answer about its health and its figures, and of no proxy."""
    host = addresses(bed)["istiod"]
    asks = [http(host, port, method, path) for port, method, path in plan.ISTIOD]
    *answers, grpc = ask(bed, who, [*asks, http2(host, plan.PLAIN_GRPC)])
    for each, wanted, answer in zip(asks, plan.ISTIOD.values(), answers, strict=True):
        if answer.startswith(b"HTTP/1.1 2") is not wanted:
            yield f"istiod {'is silent' if wanted else 'answers'} at {each.port} {each.what}: {answer[:60]!r}"
    if grpc:
        yield f"istiod answers at {plan.PLAIN_GRPC} in plain text: {grpc[:60]!r}"


def _prepare(bed: Bed, alone: list[Who]) -> None:
    """Keep a certificate of each until it has ended; make one of the same name by an authority of its own."""
    copy = "cp /certs/cert-chain.pem /dev/shm/kept.pem; cp /certs/key.pem /dev/shm/kept.key"
    for who in alone:
        put(bed, who, forged(who))
        bed.kubectl("-n", who.namespace, "exec", who.pod, "-c", "probe", "--", "sh", "-c", copy)
    time.sleep(CERTIFICATE_LASTS + 1)


def forged(who: Who) -> dict[str, bytes]:
    """A certificate that says the same and that nobody vouches for."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "cluster.local")])
    uri = x509.UniformResourceIdentifier(f"spiffe://cluster.local/ns/{who.namespace}/sa/{who.account}")
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([uri]), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return {"forged.pem": made.public_bytes(serialization.Encoding.PEM), "forged.key": private}


def call_graph(bed: Bed, everybody: list[Who]) -> Iterator[str]:
    """R40: every caller to every port: answered where the graph declares it, refused where it does not."""
    places = addresses(bed)
    for who, asked in plan.plan(everybody).questions.items():
        answers = ask(bed, who, [_ask(who, question, places) for question in asked])
        for question, answer in zip(asked, answers, strict=True):
            if let_in(answer) is not question.wanted:
                verdict = "refused" if question.wanted else "answered"
                told = f"{question.target} {question.port} {question.method} {question.path}".rstrip()
                yield f"{who.name} to {told} is {verdict}: {answer[:60]!r}"


def tricks(bed: Bed) -> Iterator[str]:
    """Paths that mean something else to whoever reads them less carefully."""
    answers = ask(bed, TESTER, [http("todo-app-web.todo.svc", 80, "GET", path) for path in TRICKS])
    for (path, wanted), answer in zip(TRICKS.items(), answers, strict=True):
        if let_in(answer) is not wanted:
            yield f"test to GET {path} is {'refused' if wanted else 'answered'}: {answer[:60]!r}"


def egress(bed: Bed, everybody: list[Who]) -> Iterator[str]:
    """R41: the API server's own port on the node, which is no Service's address, answers pods without sidecar only."""
    [node] = bed.objects("nodes")
    [address] = [each["address"] for each in node["status"]["addresses"] if each["type"] == "InternalIP"]
    for who in everybody:
        [answer] = ask(bed, who, [http(address, NODE_PORT, "GET", "/")])
        if bool(answer) is who.meshed:
            yield f"{who.name} to {address}:{NODE_PORT}: {answer[:60]!r}"


def scrape(bed: Bed) -> Iterator[str]:
    """R42: metrics for the one who may have them, by a certificate of the mesh and no other way."""
    places = addresses(bed)
    asks = [http(places[name], 8001, "GET", "/metrics") for name in (WEB, RELAY)]
    for how, wanted in (("mesh", True), ("plain", False)):
        answers = ask(bed, PROMETHEUS, [each.by(how) for each in asks])  # type: ignore[arg-type] # a literal each
        for each, answer in zip(asks, answers, strict=True):
            if answer.startswith(b"HTTP/1.1 200") is not wanted:
                yield f"a scrape of {each.host} {how}: {answer[:80]!r}"


# Of no address, so the graph has none: the mesh is told by it that the port speaks HTTP. By the pod's own address the
# caller's sidecar would refuse, whatever the relay's said.
HEADLESS = {(RELAY, 8001): "todo-app-relay"}


def _ask(who: Who, question: Question, places: dict[str, str]) -> Ask:
    """By the Service's name from a sidecar, which knows no other; else the pod itself, by the probe's certificate."""
    target, port = question.target, question.port
    workload = service_graph().workloads[target]
    service = workload.service or HEADLESS.get((target, port), "")
    named = service and (who.meshed or target == plan.DNS)
    host = f"{service}.{workload.namespace}.svc" if named else places[target]
    number = BEHIND.get((target, port), port) if named else port
    if question.tls:
        return tls(host, number)
    made = http(host, number, question.method, question.path) if question.method else tcp(host, number)
    return made.by("mesh" if target in plan.members() and not who.meshed else "plain")


def _first(host: str, target: str, port: int) -> Ask:
    return http(host, port, "GET", "/healthz") if target in {WEB, RELAY} else tcp(host, port)


def _target(places: dict[str, str], each: Ask) -> str:
    return next(name for name, address in places.items() if address == each.host)
