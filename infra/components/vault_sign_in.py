"""Signing in at Vault by a browser: the page, given by the gateway itself, and the four calls it makes of Vault.

ADR 0020 says why the gateway gives it: nobody sees a password who does not see it anyway.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource

from infra.components import gateway_objects
from infra.components.labels import COMMON
from infra.components.places import GATEWAY_NAMESPACE, VAULT_NAMESPACE
from infra.components.vault_config import PORT
from infra.settings.platform import PlatformSettings
from infra.vault.desired import AUTHORIZE, PAGE, USERS

NAME = "vault-sign-in"
FOLDER = Path(__file__).with_name("sign_in")
# The page is where Vault's own would be, and where its discovery document sends people.
FILES = {
    PAGE: ("page.html", "text/html; charset=utf-8"),
    "/ui/slipway/sign-in.js": ("page.js", "text/javascript; charset=utf-8"),
    "/ui/slipway/sign-in.css": ("page.css", "text/css; charset=utf-8"),
}
# No form goes anywhere: without its script the page sends nothing, least of all a password in an address.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'none'; base-uri 'none';"
    " frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
}
# Of Vault a browser gets to what the page calls and to nothing else.
CALLS = (
    ("POST", "PathPrefix", f"/v1/auth/{USERS}/login"),
    ("GET", "Exact", f"/v1/{AUTHORIZE}"),
    ("POST", "Exact", "/v1/auth/token/revoke-self"),
)


@dataclass(frozen=True, kw_only=True)
class VaultSignInArgs:
    """`host` is what browsers know Vault by; it is a host of the gateway's certificate."""

    host: str

    @classmethod
    def of(cls, settings: PlatformSettings) -> "VaultSignInArgs":
        """What the stack's settings say about it."""
        return cls(host=settings.gateway_vault_host)


class VaultSignIn(pulumi.ComponentResource):
    """Needs the gateway and Vault's namespace."""

    host: pulumi.Output[str]

    def __init__(self, name: str, args: VaultSignInArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:platform:VaultSignIn", name, None, opts)
        route = self._made("gateway.networking.k8s.io/v1/HTTPRoute", VAULT_NAMESPACE, route_of(args))
        self._made("networking.istio.io/v1alpha3/EnvoyFilter", GATEWAY_NAMESPACE, pages(args))
        self.host = route.id.apply(lambda _: args.host)
        self.register_outputs({"host": self.host})

    def _made(self, kind: str, namespace: str, spec: dict[str, Any]) -> CustomResource:
        version, _, kind = kind.rpartition("/")
        labels = {
            "app.kubernetes.io/name": NAME,
            **COMMON,
        }
        metadata = {"name": NAME, "namespace": namespace, "labels": labels}
        opts = pulumi.ResourceOptions(parent=self)
        return CustomResource(
            f"{NAME}-{kind.lower()}", api_version=version, kind=kind, metadata=metadata, spec=spec, opts=opts
        )


def route_of(args: VaultSignInArgs) -> dict[str, Any]:
    """Vault behind its host: the calls of the page."""
    matches = [{"method": method, "path": {"type": kind, "value": path}} for method, kind, path in CALLS]
    return {
        "parentRefs": [
            {
                "group": "gateway.networking.k8s.io",
                "kind": "Gateway",
                "name": gateway_objects.NAME,
                "namespace": GATEWAY_NAMESPACE,
                "sectionName": "https",
            }
        ],
        "hostnames": [args.host],
        "rules": [
            {
                "matches": matches,
                "timeouts": {"request": "20s"},
                "backendRefs": [{"group": "", "kind": "Service", "name": "vault", "port": PORT, "weight": 1}],
            }
        ],
    }


def pages(args: VaultSignInArgs) -> dict[str, Any]:
    """The page and its two files as answers of the gateway's own, before that route."""
    where = {"context": "GATEWAY", "routeConfiguration": {"vhost": {"name": f"{args.host}:443"}}}
    patches = [
        {"applyTo": "HTTP_ROUTE", "match": where, "patch": {"operation": "INSERT_FIRST", "value": answer(path)}}
        for path in FILES
    ]
    return {"workloadSelector": {"labels": gateway_objects.SELECTOR}, "configPatches": patches}


def answer(path: str) -> dict[str, Any]:
    """A route of Envoy's."""
    file, kind = FILES[path]
    told = {**HEADERS, "content-type": kind}
    return {
        "name": f"{NAME}-{file}",
        "match": {"path": path},
        "direct_response": {
            "status": 200,
            "body": {"inline_string": (FOLDER / file).read_text(encoding="utf-8")},
        },
        "response_headers_to_add": [
            {"header": {"key": key, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
            for key, value in told.items()
        ],
    }
