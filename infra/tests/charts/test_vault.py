"""Secrets by an agent beside each pod: it starts first, ends with the pod, and writes where the app reads."""

import re
from typing import Any

import pytest

from infra.graph.load import service_graph
from infra.tests.charts.helm import HelmError, Manifest, one, scenario, template
from infra.vault.desired import MEMBER

WORK = {
    "web": ("Deployment", "todo-app-web"),
    "relay": ("Deployment", "todo-app-relay"),
    "migrate": ("Job", "todo-app-migrate-0123456789ab"),
    "run-due-todos": ("CronJob", "todo-app-run-due-todos"),
    "maintenance": ("CronJob", "todo-app-maintenance"),
}
FILES = "/run/secrets/todo-app"


def pod(manifests: list[Manifest], name: str) -> dict[str, Any]:
    """The spec of a workload's pod."""
    spec = one(manifests, *WORK[name])["spec"]
    found: dict[str, Any] = spec.get("jobTemplate", {"spec": spec})["spec"]["template"]["spec"]
    return found


def config(manifests: list[Manifest], name: str) -> str:
    """The agent's file, as the pod mounts it."""
    volumes = {each["name"]: each for each in pod(manifests, name)["volumes"]}
    data = one(manifests, "ConfigMap", volumes["vault-agent"]["configMap"]["name"])["data"]
    return str(data[f"{name}.hcl"])


def files(text: str) -> dict[str, str]:
    """What an agent writes: file → template."""
    return dict(re.findall(r'destination += "(\S+)"\n.*\n.*\n +contents += "(.*)"', text))


def test_everybody_whom_the_graph_lets_call_vault_has_an_agent() -> None:
    assert set(WORK) == {name for name in service_graph().callers("vault", "api") if name in MEMBER}


@pytest.mark.parametrize("name", WORK)
def test_an_agent_starts_before_the_app_and_ends_with_the_pod(name: str) -> None:
    spec = pod(template(scenario("vault")), name)
    (agent,) = spec["initContainers"]

    assert agent["restartPolicy"] == "Always"
    written = set(files(config(template(scenario("vault")), name)))
    awaited = set(re.findall(r"test -s (\S+)", agent["startupProbe"]["exec"]["command"][2]))
    assert awaited
    assert {f"{FILES}/{each}" for each in awaited} <= written
    assert written - {f"{FILES}/{each}" for each in awaited} <= {f"{FILES}/django-secret-key-fallbacks"}


@pytest.mark.parametrize("name", WORK)
def test_files_are_in_memory_and_only_the_agent_writes_them(name: str) -> None:
    spec = pod(template(scenario("vault")), name)
    volumes = {each["name"]: each for each in spec["volumes"]}
    mounts = {mount["name"]: mount for mount in spec["containers"][0]["volumeMounts"]}

    assert volumes["secrets"]["emptyDir"]["medium"] == "Memory"
    assert mounts["secrets"] == {"name": "secrets", "mountPath": FILES, "readOnly": True}
    assert "vault-token" not in mounts
    assert not any("secret" in volume for volume in volumes.values())
    (source,) = volumes["vault-token"]["projected"]["sources"]
    assert source["serviceAccountToken"]["audience"] == "vault"
    assert spec["automountServiceAccountToken"] is False


@pytest.mark.parametrize("name", WORK)
def test_an_agent_asks_for_its_own_and_nobody_elses(name: str) -> None:
    text = config(template(scenario("vault")), name)
    asked = set(re.findall(r'secret \\"([^"\\]+)\\"', text))
    own = {f"database/creds/{name}", "secret/data/todo-app/common"}
    more = {"web": {"identity/oidc/client/todo-app"}, "migrate": {"secret/data/todo-app/migrate"}}

    assert asked == own | more.get(name, set())
    assert f'role       = "{name}"' in text


def test_sign_in_by_vault_tells_the_app_the_issuer_and_its_authority_and_no_secret() -> None:
    manifests = template(scenario("vault"))
    told = one(manifests, "ConfigMap", "todo-app-web")["data"]

    assert told["TODO_OIDC_ISSUER"] == "https://vault.vault.svc:8200/v1/identity/oidc/provider/slipway"
    assert told["TODO_OIDC_SIGN_IN"] == "Vault"
    mounts = {mount["mountPath"] for mount in pod(manifests, "web")["containers"][0]["volumeMounts"]}
    assert told["TODO_OIDC_AUTHORITY_FILE"].rpartition("/")[0] in mounts
    assert "TODO_OIDC_AUTHORITY_FILE" not in one(template(scenario("oidc")), "ConfigMap", "todo-app-web")["data"]


def test_without_vault_nothing_of_it_is_there() -> None:
    for manifest in template(scenario("default")):
        assert "vault" not in str(manifest)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"vault": {"enabled": True}, "networkPolicy": {"vault": {"enabled": True}}}, "vault.image is empty"),
        ({"vault": {"enabled": True, "image": "v:1"}}, "networkPolicy.vault.enabled is off"),
        ({"config": {"oidc": {"signIn": "Vault"}}}, "there is no issuer"),
    ],
)
def test_what_could_not_work_is_refused(change: dict[str, Any], told: str) -> None:
    with pytest.raises(HelmError, match=told):
        template({**scenario("default"), **change})
