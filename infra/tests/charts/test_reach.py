"""Databases and an identity provider besides the usual ones: what the app is told, and what it may reach."""

from typing import Any

import pytest

from infra.tests.charts.helm import HelmError, Manifest, one, scenario, template

BASE = scenario("default")
PODS = ("web", "relay", "run-due-todos", "maintenance")
DNS = {53, 5353}


def told(manifests: list[Manifest], command: str) -> dict[str, str]:
    """The environment of a command."""
    if command == "web":
        return dict(one(manifests, "ConfigMap", "todo-app-web")["data"])
    jobs = [item for item in manifests if item["kind"] in {"Job", "CronJob", "Deployment"}]
    for item in jobs:
        spec = item["spec"].get("jobTemplate", item)["spec"]["template"]["spec"]
        if spec["containers"][0].get("args") == [command]:
            return {entry["name"]: entry["value"] for entry in spec["containers"][0]["env"]}
    raise AssertionError(command)


def reached(manifests: list[Manifest], component: str) -> list[tuple[Any, set[int]]]:
    """Peers and ports of the egress rules, without the name service."""
    spec = one(manifests, "NetworkPolicy", f"todo-app-{component}")["spec"]
    rules = [(rule["to"], {port["port"] for port in rule["ports"]}) for rule in spec["egress"]]
    return [(peers, ports) for peers, ports in rules if ports != DNS]


def pods(namespace: str, name: str) -> list[dict[str, Any]]:
    return [
        {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
            "podSelector": {"matchLabels": {"app.kubernetes.io/name": name}},
        }
    ]


def addresses(*cidrs: str) -> list[dict[str, Any]]:
    return [{"ipBlock": {"cidr": cidr}} for cidr in cidrs]


def test_behind_a_pooler_only_the_migration_goes_to_postgresql_itself() -> None:
    manifests = template(scenario("pooler"))

    for command in PODS:
        environment = told(manifests, command)
        assert (environment["TODO_DATABASE_POOLER"], environment["TODO_DATABASE_HOST"]) == (
            "transaction",
            "pgbouncer.data.svc",
        )
        assert reached(manifests, command)[0] == (pods("data", "pgbouncer"), {6432})
    migrate = told(manifests, "migrate")
    names = ("TODO_DATABASE_POOLER", "TODO_DATABASE_HOST", "TODO_DATABASE_PORT")
    assert [migrate[name] for name in names] == ["none", "postgresql.data.svc", "5432"]
    assert reached(manifests, "migrate")[0] == (pods("data", "postgresql"), {5432})


def test_shards_reach_every_command_and_every_command_reaches_them() -> None:
    manifests = template(scenario("shards"))

    for command in (*PODS, "migrate"):
        wanted = "s1=db1.example.com:5432/todo,s2=db2.example.com:5433/todo"
        assert told(manifests, command)["TODO_SHARDS"] == wanted
    for command in ("web", "run-due-todos", "maintenance", "migrate", "relay-s1", "relay-s2"):
        assert (addresses("192.0.2.20/31"), {5432}) in reached(manifests, command)
        assert (addresses("192.0.2.20/31"), {5433}) in reached(manifests, command)


def test_a_relay_reaches_the_one_database_it_serves() -> None:
    manifests = template(scenario("shards"))

    assert reached(manifests, "relay") == [(pods("data", "postgresql"), {5432})]
    assert [ports for _, ports in reached(manifests, "relay-s1")] == [{5432}, {5433}]
    assert all(peers == addresses("192.0.2.20/31") for peers, _ in reached(manifests, "relay-s1"))


def test_shards_behind_poolers_are_migrated_past_them() -> None:
    shard = {"name": "s1", "host": "pool1", "port": 6432, "database": "todo", "directHost": "db1", "directPort": 5433}
    database = {**scenario("pooler")["database"], "shards": [shard]}
    manifests = template({**BASE, "database": database, "networkPolicy": {"shards": {"cidrs": ["192.0.2.20/31"]}}})

    assert told(manifests, "web")["TODO_SHARDS"] == "s1=pool1:6432/todo"
    assert told(manifests, "migrate")["TODO_SHARDS"] == "s1=db1:5433/todo"
    assert (addresses("192.0.2.20/31"), {5433}) in reached(manifests, "migrate")
    assert (addresses("192.0.2.20/31"), {6432}) in reached(manifests, "web")


def test_the_issuer_is_told_to_the_web_pods_and_reached_by_them_alone() -> None:
    manifests = template(scenario("oidc"))

    environment = {name: value for name, value in told(manifests, "web").items() if name.startswith("TODO_OIDC_")}
    assert environment == {
        "TODO_OIDC_ISSUER": "https://id.example.com/realms/todo",
        "TODO_OIDC_AUDIENCE": "todo-app",
        "TODO_OIDC_JWKS_URL": "https://keys.example.com:8443/jwks",
        "TODO_OIDC_GROUPS_CLAIM": "groups",
        "TODO_OIDC_ADMIN_GROUP": "todo-admins",
        "TODO_OIDC_SIGN_IN": "",
        "TODO_OIDC_AUTHORIZE_URL": "",
        "TODO_OIDC_SCOPES": "openid profile",
    }
    assert [rule for rule in reached(manifests, "web") if rule[0] == addresses("192.0.2.30/32")] == [
        (addresses("192.0.2.30/32"), {443}),
        (addresses("192.0.2.30/32"), {8443}),
    ]
    assert all(addresses("192.0.2.30/32") != peers for name in PODS[1:] for peers, _ in reached(manifests, name))


def test_without_them_nothing_more_is_reached() -> None:
    manifests = template(BASE)

    assert not [name for name in told(manifests, "web") if name.startswith("TODO_OIDC_")]
    assert [ports for _, ports in reached(manifests, "web")] == [{5432}, {6379}]
    assert [ports for _, ports in reached(manifests, "migrate")] == [{5432}]


def test_violations_and_audit_rows_are_kept_as_long_as_the_chart_says() -> None:
    manifests = template({**BASE, "maintenance": {"violationMonths": 6, "auditDays": 90}})

    assert told(manifests, "maintenance")["TODO_VIOLATION_RETENTION_MONTHS"] == "6"
    assert told(manifests, "maintenance")["TODO_AUDIT_RETENTION_DAYS"] == "90"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"database": {"pooler": "transaction"}}, "database.directHost is empty"),
        ({"database": {"pooler": "session"}}, "/database/pooler"),
        ({"database": {"shards": [{"name": "s1"}]}}, "/database/shards/0"),
        ({"database": scenario("shards")["database"]}, "networkPolicy.shards.cidrs is empty"),
        (
            {"database": {**scenario("shards")["database"], **scenario("pooler")["database"]}},
            "s1 has no directHost",
        ),
        ({"config": {"oidc": {"issuer": "http://id.example.com"}}}, "/config/oidc/issuer"),
        ({"config": {"oidc": {"issuer": "https://id.example.com"}}}, "config.oidc.audience is empty"),
        ({"config": scenario("oidc")["config"]}, "networkPolicy.issuer.cidrs is empty"),
        ({"maintenance": {"violationMonths": -1}}, "/maintenance/violationMonths"),
        ({"maintenance": {"auditDays": -1}}, "/maintenance/auditDays"),
    ],
)
def test_what_could_not_be_used_or_reached_is_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(HelmError, match=message):
        template({**BASE, **values})
