"""Settings of the stack become values that the chart takes."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from infra.components.todo_app_reach import Reach
from infra.lib import policies
from infra.settings.base import Environment
from infra.settings.delivery import DeliverySettings
from infra.tests.charts.helm import one, template
from infra.tests.stacks.recording import Recorded, record_stack
from infra.tests.stacks.whole import IMAGES, config_of, evaluate
from infra.verify.policies.rego import Judge


def settings(**more: Any) -> DeliverySettings:  # noqa: ANN401 - any setting
    return DeliverySettings(env=Environment.DEV, images={"todo-app": IMAGES["todo-app"]}, **more)


def stack(profile: str, **more: object) -> Recorded:
    """The stack with these settings."""
    outputs = {f"slipway-{name}": recorded.outputs for name, recorded in evaluate("dev", profile).items()}
    config = {**config_of("delivery", "dev", profile), **{key: _text(value) for key, value in more.items()}}
    return record_stack("delivery", env="dev", config=config, references=outputs)


def rendered(**more: object) -> dict[str, str]:
    """The web pods' environment when the stack has these settings and the chart is rendered by its values."""
    release = stack("mini", **more).get("Release", "todo-app")
    return dict(one(template(release.inputs["values"]), "ConfigMap", "todo-app-web")["data"])


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def test_a_pooler_stands_before_the_database_of_the_data_stack() -> None:
    pooler = rendered(database_pooler="pgbouncer.example.com:6432", database_networks=["192.0.2.0/28"])

    assert (pooler["TODO_DATABASE_POOLER"], pooler["TODO_DATABASE_HOST"], pooler["TODO_DATABASE_PORT"]) == (
        "transaction",
        "pgbouncer.example.com",
        "6432",
    )


def test_shards_and_an_issuer_reach_the_app() -> None:
    environment = rendered(
        shards=["s1=db1.example.com:5433/todo"],
        database_networks=["192.0.2.0/28"],
        oidc_issuer="https://id.example.com",
        oidc_audience="todo",
        oidc_admin_group="admins",
        oidc_networks=["198.51.100.0/24"],
    )

    assert environment["TODO_SHARDS"] == "s1=db1.example.com:5433/todo"
    assert environment["TODO_DATABASE_POOLER"] == "none"
    assert environment["TODO_OIDC_ISSUER"] == "https://id.example.com"
    assert environment["TODO_OIDC_ADMIN_GROUP"] == "admins"


def test_an_issuer_outside_is_declared_to_the_policy_on_the_mesh() -> None:
    made = stack(
        "full",
        oidc_issuer="https://Id.example.com:8443/realm",
        oidc_jwks_url="https://keys.example.com",
        oidc_audience="todo",
        oidc_networks=["198.51.100.0/24"],
    )
    manifests = template(made.get("Release", "todo-app").inputs["values"])
    entries = [item for item in manifests if item["kind"] == "ServiceEntry"]
    [policy] = [policy for policy in policies.load() if policy.name == "mesh-strict"]
    judge = Judge.of(policy.template, policy.modules)
    applied = made.get("MeshStrict", policy.name).inputs

    assert {host for entry in entries for host in entry["spec"]["hosts"]} == {"Id.example.com", "keys.example.com"}
    assert [judge.messages(applied, entry) for entry in entries] == [set(), set()]
    # Its twin: by the folder alone nobody declared them.
    assert all(judge.messages(policy.constraint, entry) for entry in entries)


def test_a_pooler_and_shards_are_outside_and_the_data_stack_is_not() -> None:
    networks: dict[str, Any] = {"database_networks": ["192.0.2.0/28"]}

    assert Reach.of(settings()).outside == ()
    assert Reach.of(settings(database_pooler="Pool.example.com:6432", **networks)).outside == ("pool.example.com",)
    shards = ("s1=db1.example.com:5433/todo", "s2=db2.example.com:5432/todo")
    assert Reach.of(settings(shards=shards, **networks)).outside == ("db1.example.com", "db2.example.com")


def test_by_default_nothing_is_reached_but_the_data_stack() -> None:
    reach = Reach.of(settings())

    assert reach.network_policy() == {}
    assert reach.database("db", 5432) == {"host": "db", "port": 5432, "shards": []}
    assert not [name for name in rendered() if name.startswith("TODO_OIDC_")]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"database_pooler": "pgbouncer:6432"}, "database_networks is empty"),
        ({"shards": ["s1=db:5432/todo"]}, "database_networks is empty"),
        ({"shards": ["db:5432"]}, "shards"),
        ({"database_pooler": "p:1", "shards": ["s1=db:5432/todo"], "database_networks": ["192.0.2.0/28"]}, "with both"),
        ({"oidc_issuer": "https://id.example.com"}, "oidc_audience is empty"),
        ({"oidc_issuer": "https://id.example.com", "oidc_audience": "todo"}, "oidc_networks is empty"),
        ({"oidc_issuer": "http://id.example.com"}, "oidc_issuer"),
        ({"violation_months": -1}, "violation_months"),
        ({"audit_days": -1}, "audit_days"),
    ],
)
def test_settings_that_lead_nowhere_are_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        settings(**given)
