"""The stack's settings become an agent beside each pod, and Vault as the issuer, where Vault runs."""

from typing import Any

import pytest
from pydantic import ValidationError

from infra.components.todo_app_vault import ADDRESS, AUTHORITY, Secrets
from infra.settings.base import Environment
from infra.settings.delivery import DeliverySettings
from infra.tests.charts.helm import scenario, template
from infra.vault.desired import CLIENT

IMAGES = {"todo-app": "slipway.local/todo-app:0123456789ab", "vault": "slipway.local/vault:0123456789ab"}


def secrets(**more: Any) -> Secrets:  # noqa: ANN401 - any setting
    return Secrets.of(DeliverySettings(env=Environment.DEV, images=IMAGES, **{"profile": "standard", **more}))


def test_where_vault_runs_every_pod_gets_its_agent() -> None:
    found = secrets()
    values = {**scenario("default"), "vault": found.vault(), "networkPolicy": found.network_policy()}
    values["config"] = {"oidc": found.oidc()}
    pods = [item for item in template(values) if item["kind"] in {"Deployment", "Job", "CronJob"}]

    assert len(pods) == 5
    assert all(str(pod).count("vault-agent") > 1 and ADDRESS in str(pod) and AUTHORITY in str(pod) for pod in pods)


def test_people_sign_in_at_vault_unless_there_is_another_issuer() -> None:
    assert (secrets().client, secrets().sign_in) == (CLIENT, "Vault")
    other = secrets(oidc_issuer="https://id.example.com", oidc_audience="todo", oidc_networks=["192.0.2.0/24"])
    assert (other.client, other.sign_in) == ("", "")
    assert secrets(vault_client="").oidc()["signIn"] == ""


def test_in_mini_there_is_nothing_of_vault() -> None:
    found = secrets(profile="mini")

    assert found.vault() == {"enabled": False}
    assert found.network_policy() == {}
    assert found.client == ""


@pytest.mark.parametrize(
    "more", [{"database_pooler": "pool:6432"}, {"shards": ["s1=db1.example.com:5432/todo"]}], ids=["pooler", "shards"]
)
def test_what_does_not_know_vaults_users_is_refused(more: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="Vault's users"):
        secrets(**more, database_networks=["192.0.2.0/24"])


def test_without_the_agents_image_it_is_told_which_is_missing() -> None:
    with pytest.raises(ValidationError, match="no reference for vault"):
        DeliverySettings(env=Environment.DEV, profile="standard", images={"todo-app": IMAGES["todo-app"]})
