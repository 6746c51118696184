"""The sign-in page at Vault: strict, small, on a host of its own, and of Vault only what it calls."""

import re
from typing import Any

import pulumi
import pytest
from pydantic import ValidationError

from infra.components.gateway_filters import SIGN_IN
from infra.components.gateway_objects import GatewayArgs
from infra.components.vault_sign_in import CALLS, FILES, FOLDER, POLICY, VaultSignIn, VaultSignInArgs, answer
from infra.graph.load import service_graph
from infra.lib.paths import REPOSITORY
from infra.settings.platform import PlatformSettings
from infra.tests.stacks.recording import Recorded, record
from infra.tests.stacks.whole import IMAGES
from infra.vault.desired import PAGE

HOST = "vault.example.com"
# Envoy refuses a longer answer of its own, and with it the whole configuration.
MOST = 4096


def settings(**given: Any) -> PlatformSettings:  # noqa: ANN401 - any setting
    return PlatformSettings.model_validate(
        {"env": "local", "profile": "standard", "images": IMAGES, "vault_seal": "transit", **given}
    )


def recorded() -> Recorded:
    return record(lambda: pulumi.export("host", VaultSignIn("page", VaultSignInArgs(host=HOST)).host))


def test_the_route_is_of_its_own_host_and_lets_through_what_the_page_calls() -> None:
    spec = recorded().get("HTTPRoute", "vault-sign-in").inputs["spec"]

    assert spec["hostnames"] == [HOST]
    [rule] = spec["rules"]
    assert [(each["method"], each["path"]["value"]) for each in rule["matches"]] == [(a, c) for a, _, c in CALLS]
    script = (FOLDER / "page.js").read_text(encoding="utf-8")
    assert set(re.findall(r"[\"`](/v1/[a-z/-]*)", script)) == {"/v1/", f"{CALLS[0][2]}/", CALLS[2][2]}


def test_the_service_graph_declares_these_calls() -> None:
    [call] = [each for each in service_graph().calls if each.to == "vault" and each.callers == ("gateway",)]
    declared = {
        (method, path.removesuffix("/*")) for rule in call.http for method in rule.methods for path in rule.paths
    }

    assert declared >= {(method, path) for method, _, path in CALLS}


def test_the_page_and_its_files_come_before_the_route_at_its_host_alone() -> None:
    patches = recorded().get("EnvoyFilter", "vault-sign-in").inputs["spec"]["configPatches"]

    assert [each["match"]["routeConfiguration"]["vhost"]["name"] for each in patches] == [f"{HOST}:443"] * len(FILES)
    assert {each["patch"]["operation"] for each in patches} == {"INSERT_FIRST"}


@pytest.mark.parametrize("path", FILES)
def test_each_answer_is_strict_and_short_enough(path: str) -> None:
    told = answer(path)
    headers = {each["header"]["key"]: each["header"]["value"] for each in told["response_headers_to_add"]}

    assert headers["content-security-policy"] == POLICY
    assert (headers["x-content-type-options"], headers["cache-control"]) == ("nosniff", "no-store")
    assert 0 < len(told["direct_response"]["body"]["inline_string"].encode()) <= MOST


def test_the_policy_lets_no_form_go_and_nothing_run_inline() -> None:
    page = (FOLDER / "page.html").read_text(encoding="utf-8")

    assert "form-action 'none'" in POLICY
    assert "unsafe" not in POLICY
    assert not re.search(r"<style|<script>|\son\w+=|\sstyle=", page)
    assert set(re.findall(r"(?:src|href)=\"([^\"]+)\"", page)) == set(FILES) - {PAGE}


def test_its_colours_are_the_services_own() -> None:
    """Whose contrast is computed there (app/tests/pages/test_contrast.py)."""
    colour = re.compile(r"--([a-z-]+): (#[0-9a-f]{6});")
    own = (FOLDER / "page.css").read_text(encoding="utf-8").split("@media (prefers-color-scheme: dark)")
    tokens = REPOSITORY / "app/todo_app/common/static/site/tokens.css"
    theirs = tokens.read_text(encoding="utf-8").split("@media (prefers-color-scheme: dark)")

    for mine, other in zip(own, theirs, strict=True):
        assert dict(colour.findall(mine)).items() <= dict(colour.findall(other)).items()
        assert len(colour.findall(mine)) == 11


def test_guesses_at_vault_count_as_sign_ins() -> None:
    assert re.fullmatch(SIGN_IN, "/v1/auth/userpass/login/ada")
    assert not re.fullmatch(SIGN_IN, "/v1/identity/oidc/provider/slipway/authorize")


def test_without_a_host_nobody_gets_to_vault_and_the_services_own_host_is_refused() -> None:
    assert GatewayArgs.of(settings()).served == ("todo",)
    told = GatewayArgs.of(settings(gateway_vault_host=HOST))
    assert told.served == ("todo", "vault")
    assert HOST in told.hosts
    with pytest.raises(ValidationError, match="a password needs its own"):
        settings(gateway_vault_host="localhost")
