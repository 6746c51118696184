"""Who is configured to reach whom is declared, and what is declared is configured: undeclared calls fail right here."""

import copy
from collections.abc import Sequence
from dataclasses import replace

import pytest

from infra.components.mesh_sidecars import NODE_NAMESPACE
from infra.graph.load import service_graph
from infra.graph.model import Graph, Profile
from infra.slipway import front
from infra.tests.charts.helm import scenario, template
from infra.tests.graph import looks, told
from infra.tests.graph.scenes import node_of, scene
from infra.tests.stacks.check_order import sidecar
from infra.tests.stacks.objects import Object, world

SCENES = ("local", "production", "pooler", "shards", "oidc")
PROFILES: dict[str, Profile] = {"local": "mini", "local/full": "full"}
MORE = {"local/full": ("standard", "full")}
GRAPH = service_graph()


def objects(name: str) -> Sequence[Object]:
    return scene(name).objects


def without_call(caller: str, target: str) -> Graph:
    """The graph as if somebody had forgotten one call."""
    calls = []
    for call in GRAPH.calls:
        left = tuple(name for name in call.callers if (name, call.to) != (caller, target))
        if left:
            calls.append(call.model_copy(update={"callers": left}))
    return GRAPH.model_copy(update={"calls": tuple(calls)})


def with_variable(component: str, name: str, value: str) -> list[Object]:
    """The local world where one workload has one more variable."""
    return told_more(component, "env", {"name": name, "value": value})


def told_more(component: str, field: str, entry: object) -> list[Object]:
    """The local world where a list in one workload's container has one more entry."""
    found = []
    for item in world("local"):
        if item.is_workload and item.pod_labels.get("app.kubernetes.io/component") == component:
            manifest = copy.deepcopy(item.manifest)
            changed = replace(item, manifest=manifest)
            changed.containers[0].setdefault(field, []).append(entry)
            found.append(changed)
        else:
            found.append(item)
    return found


@pytest.mark.parametrize("name", SCENES)
def test_whoever_is_told_an_address_is_declared_to_call_it(name: str) -> None:
    assert [*told.unknown(GRAPH, objects(name)), *told.undeclared(GRAPH, objects(name))] == []


def test_every_declared_call_is_one_that_somebody_is_configured_for() -> None:
    assert list(told.unused(GRAPH, [objects(name) for name in SCENES])) == []


@pytest.mark.parametrize(
    ("caller", "target"),
    [("web", "redis"), ("relay", "postgresql"), ("maintenance", "shards"), ("web", "issuer"), ("test", "web")],
)
def test_a_call_somebody_forgot_to_declare_is_found(caller: str, target: str) -> None:
    graph = without_call(caller, target)

    assert any(
        f"{caller} is told where {target} is" in each
        for name in SCENES
        for each in told.undeclared(graph, objects(name))
    )


def test_so_is_whoever_is_told_one_beside_the_platform() -> None:
    """The platform's own are told names for certificates as well, and their own addresses."""
    judged = [item for item in objects("local/full") if item.stack in {"data", "delivery"}]

    assert "vault" in told.told(GRAPH, judged)["vault-database"]
    assert [*told.unknown(GRAPH, judged), *told.undeclared(GRAPH, judged)] == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TODO_BROKER_URL", "amqp://mq"),
        ("SOMETHING", "http://elastic.data.svc:9200"),
        ("SOMETHING", "amqp://mq"),
        ("SOMETHING", "elastic.data.svc"),
        ("TODO_SEARCH", "elastic.data:9200"),
        ("TODO_SEARCH", "redis.data.example.com:6379"),
        ("TODO_SEARCH", "redis:6379"),  # of its own namespace, which has none
        ("TODO_KAFKA", '["kafka.data.svc:9092"]'),
        ("TODO_KAFKA", '{"kafka": {"hosts": ["kafka"], "port": 9092}}'),
        ("TODO_KAFKA", '{"kafka:9092": 3}'),
        ("TODO_MQ", "10.43.0.7:5672"),
        ("TODO_MQ", "10.43.0.7"),
        ("TODO_MQ", "[fd00::7]:5672"),
        ("TODO_MQ", "redis.data:6379,$(MQ):5672"),
    ],
)
def test_an_address_of_nobody_is_found(name: str, value: str) -> None:
    assert [each for each in told.unknown(GRAPH, with_variable("relay", name, value)) if name in each]


@pytest.mark.parametrize("field", ["args", "command"])
def test_an_address_of_nobody_among_the_arguments_is_found(field: str) -> None:
    [found] = told.unknown(GRAPH, told_more("relay", field, "--broker=mq.data:5672"))

    assert "todo-app-relay: arguments of relay: mq.data:5672: whose" in found


@pytest.mark.parametrize(
    "value",
    [
        "local/todo-app:v0.1.0@sha256:0123456789abcdef",
        "2026-11-21T12:30:00+01:00",
        "10001:10001",
        "/run/vault-agent/relay.hcl",
        '{"data/redis": {"length": 32, "keys": ["a", "b"]}}',
        "v1.2.3.4",
    ],
)
def test_what_only_looks_a_little_like_an_address_is_none(value: str) -> None:
    assert list(told.unknown(GRAPH, with_variable("relay", "SOMETHING", value))) == []


@pytest.mark.parametrize(
    "value", ["postgresql:5432", '["postgresql.data:5432"]', "postgresql://u:p@postgresql.data.svc.cluster.local/todo"]
)
@pytest.mark.parametrize("field", ["env", "args"])
def test_an_address_of_a_workload_is_a_call_wherever_it_stands(value: str, field: str) -> None:
    more = told_more("cache", field, {"name": "SOMETHING", "value": value} if field == "env" else value)

    assert [each for each in told.undeclared(GRAPH, more) if "redis is told where postgresql is" in each]
    assert list(told.unknown(GRAPH, more)) == []


def test_a_call_nobody_makes_is_found() -> None:
    call = GRAPH.calls[-1].model_copy(update={"callers": ("secrets-init",), "to": "redis", "port": "service"})
    graph = GRAPH.model_copy(update={"calls": (*GRAPH.calls, call)})

    assert "secrets-init -> redis: nothing tells it the address" in list(told.unused(graph, [objects("local")]))


def test_every_address_among_the_apps_settings_has_an_owner() -> None:
    found = {name for name in told.app_settings() if looks.ADDRESS.search(name)}

    assert found >= {"TODO_DATABASE_HOST", "TODO_REDIS_HOST", "TODO_SHARDS", "TODO_OIDC_ISSUER"}
    assert found - set(GRAPH.addresses) - told.OWN == set()


@pytest.mark.parametrize("name", SCENES)
def test_names_and_ports_lead_to_the_declared_workload(name: str) -> None:
    seen = set()
    for item in (each for each in objects(name) if each.is_workload):
        for target, host, port in told.hosts(GRAPH, item, objects(name)):
            if target == "postgresql" and host.startswith("pgbouncer"):
                continue  # the pooler that stands before it
            workload = GRAPH.workloads[target]
            service = next(
                (each for each in objects(name) if each.kind == "Service" and each.name == workload.service), None
            )
            assert service is not None, f"{item}: {host}"
            assert host == f"{service.name}.{service.namespace}.svc"
            assert port in {each["port"] for each in service.spec["ports"]}
            seen.add(target)
    assert seen >= {"web", "redis"}


@pytest.mark.parametrize("name", ["local", "shards", "local/full"])
def test_every_pod_is_in_the_graph_with_its_account_and_ports(name: str) -> None:
    seen = set()
    for item in (each for each in objects(name) if each.is_workload and each.namespace != NODE_NAMESPACE):
        node = node_of(GRAPH, item.namespace, item.pod_labels)
        assert node, f"{item} is not in the service graph"
        workload = GRAPH.workloads[node]
        ports = {port["name"]: (port["containerPort"],) for box in item.containers for port in box.get("ports", [])}
        assert item.pod["serviceAccountName"] == workload.account
        if item.upstream:  # its chart has names of its own, and ports for nobody
            assert {*ports.values()} & {each.numbers for each in workload.ports.values()}, node
        else:
            assert ports == {port: declared.numbers for port, declared in workload.ports.items()}
        assert workload.stack == item.stack
        seen.add(node)
    assert seen == {
        node
        for node, workload in GRAPH.workloads.items()
        if (name.endswith("/full") and workload.stack == "platform" and node != "gateway")
        or (workload.stack in {"data", "delivery"} and workload.profile in {"mini", *MORE.get(name, ())})
    }


def test_an_identity_is_of_one_workload() -> None:
    accounts = [(workload.namespace, workload.account) for workload in GRAPH.workloads.values()]

    assert len(set(accounts)) == len(accounts)


@pytest.mark.parametrize("name", PROFILES)
def test_who_takes_a_token_of_the_api_calls_it_and_who_calls_by_name_asks_for_names(name: str) -> None:
    """Where the API server is every pod is told by its environment; a chart that is not ours calls nobody else."""
    for item in (each for each in objects(name) if each.is_workload and not each.upstream):
        node = node_of(GRAPH, item.namespace, item.pod_labels)
        called = {call.to for call in GRAPH.targets(node, PROFILES[name])}
        assert ("api-server" in called) is bool(item.pod["automountServiceAccountToken"]), node
        assert ("coredns" in called) is bool(called - {"coredns", "api-server"}), node


def test_who_has_a_sidecar_calls_istiod_for_it_and_nobody_else_does() -> None:
    judged = objects("local/full")
    found = {
        node_of(GRAPH, item.namespace, item.pod_labels)
        for item in judged
        if item.is_workload and sidecar(item, [*judged])
    }

    assert {"web", "postgresql", "vault", "vault-database"} <= found
    assert found == {*GRAPH.callers("istiod", "xds", "full")} - {"gateway"}


@pytest.mark.parametrize("name", PROFILES)
def test_probes_are_what_the_kubelet_is_declared_to_ask(name: str) -> None:
    found: dict[str, set[tuple[str, str]]] = {}
    for item in (each for each in objects(name) if each.is_workload and each.namespace != NODE_NAMESPACE):
        node = node_of(GRAPH, item.namespace, item.pod_labels)
        numbers = {str(n): port for port, each in GRAPH.workloads[node].ports.items() for n in each.numbers}
        for port, path in told.probes(item):
            found.setdefault(node, set()).add((numbers.get(port, port), path.partition("?")[0]))
    wanted = {
        call.to: {(call.port, path) for http in call.http for path in http.paths}
        for call in GRAPH.targets("kubelet", PROFILES[name])
    }

    assert found == wanted


def test_monitors_are_what_prometheus_is_declared_to_scrape() -> None:
    found: dict[str, set[tuple[str, str]]] = {}
    for manifest in template(scenario("service-monitor")):
        if manifest["kind"] in {"ServiceMonitor", "PodMonitor"}:
            component = manifest["spec"]["selector"]["matchLabels"].get("app.kubernetes.io/component", "relay")
            found[component] = told.scrapes(manifest)
    wanted = {
        call.to: {(call.port, path) for http in call.http for path in http.paths}
        for call in GRAPH.targets("prometheus")
        if call.http
    }

    assert found == wanted


def test_requests_of_the_charts_tests_are_the_declared_ones() -> None:
    (call,) = [call for call in GRAPH.targets("test") if call.to == "web"]
    asked = told.requests_of_tests()

    assert [request for request in asked if not any(http.allows(*request) for http in call.http)] == []
    for http in call.http:
        for method in http.methods:
            for path in http.paths:
                narrow = http.model_copy(update={"methods": (method,), "paths": (path,)})
                assert any(narrow.allows(*request) for request in asked), f"nobody asks {method} {path}"


@pytest.mark.parametrize(("profile", "door"), [("mini", front.WEB), ("standard", front.GATEWAY)])
def test_the_forwarder_leads_where_slipway_puts_it(profile: Profile, door: front.Target) -> None:
    namespace, service, _ = door
    (target,) = {call.to for call in GRAPH.targets("forwarder", profile)}

    assert (GRAPH.workloads[target].namespace, GRAPH.workloads[target].service) == (namespace, service)
