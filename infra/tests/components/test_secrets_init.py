"""The Job may touch the Secrets it names and no other, and is another Job when its work changes."""

import json

from infra.components.secrets_init import SecretsInit, SecretsInitArgs, Spec, spec_of_mini
from infra.tests.stacks.recording import Recorded, record


def spec(*, demo_user: bool = False) -> Spec:
    return spec_of_mini(app_namespace="todo", data_namespace="data", demo_user=demo_user)


def declared(*, image: str = "secrets-init:1", wanted: Spec | None = None) -> Recorded:
    args = SecretsInitArgs(namespace="data", image=image, spec=wanted or spec(), profile="mini")
    return record(lambda: SecretsInit("secrets-init", args))


def job(recorded: Recorded) -> dict[str, object]:
    return next(item.inputs for item in recorded.objects() if item.type.endswith(":Job"))


def name(recorded: Recorded) -> str:
    return str(job(recorded)["metadata"]["name"])  # type: ignore[index] # recorded JSON


def test_both_ends_of_a_connection_share_one_password() -> None:
    app = spec()["todo"]["todo-app"]

    assert app["database-password"] == {"copyFrom": "data/postgresql/password"}
    assert app["redis-password"] == {"copyFrom": "data/redis/password"}
    assert "length" in spec()["data"]["postgresql"]["password"]


def test_the_job_gets_the_list_as_data() -> None:
    recorded = declared(wanted=spec(demo_user=True))
    container = job(recorded)["spec"]["template"]["spec"]["containers"][0]  # type: ignore[index] # recorded JSON
    wanted = {f"{item['namespace']}/{item['name']}": item["keys"] for item in json.loads(container["env"][0]["value"])}

    assert set(wanted) == {"data/postgresql", "data/redis", "todo/todo-app"}
    assert wanted["todo/todo-app"]["demo-password"] == {"length": 20}


def test_reading_and_changing_is_limited_to_named_secrets() -> None:
    roles = [item.inputs for item in declared().objects() if item.type.endswith(":Role")]

    assert {item["metadata"]["namespace"] for item in roles} == {"todo", "data"}
    for role in roles:
        for rule in role["rules"]:
            assert rule["resources"] == ["secrets"]
            # A create request has no name yet, so it cannot be limited; it never replaces anything.
            assert rule["verbs"] == ["create"] or set(rule["resourceNames"]) <= {"postgresql", "redis", "todo-app"}
            assert not {"list", "watch", "delete", "*"} & set(rule["verbs"])


def test_another_image_or_list_is_another_job() -> None:
    same, again = declared(), declared()
    image, more = declared(image="secrets-init:2"), declared(wanted=spec(demo_user=True))

    assert name(same) == name(again)
    assert len({name(same), name(image), name(more)}) == 3


def test_the_job_waits_for_its_rights() -> None:
    recorded = declared()
    waiting = next(item for item in recorded.objects() if item.type.endswith(":Job"))
    bindings = {item.urn for item in recorded.objects() if item.type.endswith(":RoleBinding")}

    assert len(bindings) == 2
    assert bindings <= waiting.depends_on
