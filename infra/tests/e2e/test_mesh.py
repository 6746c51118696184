"""Profile full: sidecars in namespaces that stay `restricted`, strict, refusing by default; each fault has its twin."""

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from infra.lib.kube import Kube
from infra.lib.ownership import ownership
from infra.lib.report import silent
from infra.slipway.vault_api import Vault
from infra.verify.bed import Bed
from infra.verify.faults.fault import Fault
from infra.verify.faults.judge import judge
from infra.verify.faults.registry import counts, of_tier
from infra.verify.mesh.drop import dropped
from infra.verify.mesh.pods import MEMBERS
from infra.verify.vault import live
from infra.verify.writers import strangers

SEED = 20261121


def test_every_pod_of_the_app_has_a_sidecar_and_its_namespace_stays_restricted(full: Bed) -> None:
    for namespace in MEMBERS:
        [found] = [each for each in full.objects("namespaces") if each["metadata"]["name"] == namespace]
        assert found["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    for name, inits in living(full):
        assert inits[:2] == ["istio-validation", "istio-proxy"], name
    full.wait("healthy pods", lambda: not full.unhealthy(), deadline=180)


def test_what_was_written_before_is_kept(full: Bed, written_before: str) -> None:
    assert full.api().call("GET", f"/todos/{written_before}").status == 200


def test_what_opens_vault_is_kept_through_the_profile_without_it(full: Bed, keys_before: dict[str, str]) -> None:
    assert keys_before.keys() == set(live.KEPT)
    assert live.opens_vault(full) == keys_before

    with closing(Kube(kubeconfig=full.instance.kubeconfig)) as kube:
        given = Vault(kube).request("POST", "auth/userpass/login/ada", body={"password": live.password_of(full, "ada")})
    assert given["auth"]["client_token"]


def test_up_again_writes_nothing(full: Bed) -> None:
    mark = full.audit.mark()

    # Nobody names the profile: it stays what it is.
    assert full.up(env={"PROFILE": ""}).result()["changed"] == 0
    assert full.audit.writes(since=mark, user="slipway") == []


def test_nobody_writes_whom_the_ownership_map_does_not_know(full: Bed) -> None:
    kinds = full.kubectl("api-resources", "--verbs=list", "-o", "name").split()
    live = full.objects(
        ",".join(kind for kind in kinds if not kind.startswith("events")), "-A", "--show-managed-fields"
    )

    assert len(live) > 500
    assert strangers(ownership(), live) == set()


def test_doctor_sees_every_proxy_take_its_configuration(full: Bed) -> None:
    assert [each["level"] for each in doctor(full) if each["subject"] in {"proxies", "mesh authority"}] == ["ok", "ok"]


def test_doctor_sees_past_the_sidecar_whether_policies_are_enforced(full: Bed) -> None:
    [relay] = of_component(full, "todo", "relay")
    [redis] = of_component(full, "data", "cache")

    with dropped(redis, source=relay["status"]["podIP"]):
        enforced = told_of(full, "network policies")

    assert enforced.startswith("enforced:")
    assert told_of(full, "network policies").startswith("not enforced:")


@pytest.mark.parametrize(
    "fault", [each for each in of_tier("full") if counts()[each.id].reduced], ids=lambda fault: str(fault.id)
)
def test_the_promise_holds_and_the_twin_breaks_it(fault: Fault, full: Bed) -> None:
    judgement = judge(fault, rounds=counts()[fault.id].reduced, seed=SEED, bed=full, report=silent)
    assert judgement.passed, str(judgement)


def test_mini_again_keeps_the_data_and_leaves_no_sidecar(full: Bed) -> None:
    todo = full.api().add("kept from full to mini")

    full.up(env={"PROFILE": "mini"})

    assert full.api().call("GET", f"/todos/{todo}").status == 200
    assert full.objects("mutatingwebhookconfigurations") == []
    for name, inits in living(full):
        assert "istio-proxy" not in inits, name


def living(bed: Bed) -> Iterator[tuple[str, list[str]]]:
    """Names of the members' pods and of their init containers; those of the profile before may still be ending."""
    for namespace in MEMBERS:
        for pod in bed.objects("pods", "-n", namespace, "--field-selector=status.phase=Running"):
            if "deletionTimestamp" not in pod["metadata"]:
                yield pod["metadata"]["name"], [each["name"] for each in pod["spec"].get("initContainers", [])]


def doctor(bed: Bed) -> list[dict[str, str]]:
    """What it finds."""
    return [json.loads(line) for line in bed.call("doctor", "--json", deadline=240).out.splitlines()]


def told_of(bed: Bed, subject: str) -> str:
    """Its one message about it."""
    [message] = [each["message"] for each in doctor(bed) if each["subject"] == subject]
    return message


def of_component(bed: Bed, namespace: str, name: str) -> list[dict[str, Any]]:
    """Its pods that are not ending."""
    found = bed.objects("pods", "-n", namespace, "-l", f"app.kubernetes.io/component={name}")
    return [each for each in found if "deletionTimestamp" not in each["metadata"]]
