"""Vault as an administrator of the cluster reaches it: through the API server, as one of Vault's own accounts."""

from collections.abc import Iterator, Mapping
from typing import Any

from infra.lib.kube import Kube, KubeError

NAMESPACE = "vault"
AUDIENCE, TOKEN_SECONDS = "vault", 600
# Looked at for each role: the newest are told last.
MOST = 50
HEALTH = {"standbyok": "true", "sealedcode": "200", "uninitcode": "200"}


class Vault:
    """Requests by the API server's proxy; one token for each account, asked for when it is needed."""

    def __init__(self, kube: Kube, *, pod: str = "vault-0") -> None:
        self._kube, self._pod = kube, pod
        self._tokens: dict[str, str] = {}

    def health(self, pod: str) -> Mapping[str, Any] | None:
        """`initialized`, `sealed`; None when it does not answer."""
        try:
            told = self._kube.request("GET", self._path("sys/health", pod=pod), params=HEALTH)
        except KubeError:
            return None
        return told if isinstance(told, dict) else None

    def leases(self, role: str) -> Iterator[Mapping[str, Any]]:
        """Logins of the database that are in force."""
        below = f"sys/leases/lookup/database/creds/{role}/"
        try:
            keys = self.ask("vault-doctor", "GET", below, params={"list": "true"})["data"]["keys"]
        except KubeError as error:
            if error.http == 404:
                return
            raise
        for key in keys[-MOST:]:
            body = {"lease_id": f"database/creds/{role}/{key}"}
            yield self.ask("vault-doctor", "PUT", "sys/leases/lookup", body=body)["data"]

    def ask(
        self,
        account: str,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        params: Mapping[str, str] | None = None,
        namespace: str = NAMESPACE,
        role: str = "",
    ) -> Any:  # noqa: ANN401 - any JSON
        """One request as a service account, by the role of its name unless another one is named."""
        key = f"{namespace}/{account}/{role}"
        if key not in self._tokens:
            self._tokens[key] = self._sign_in(namespace, account, role or account)
        return self.request(method, path, token=self._tokens[key], body=body, params=params)

    def request(
        self,
        method: str,
        path: str,
        *,
        token: str = "",
        body: Mapping[str, Any] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Any:  # noqa: ANN401 - as above
        """One request with a token of Vault's, or with none."""
        headers = {"X-Vault-Token": token} if token else {}
        given = None if body is None else dict(body)
        return self._kube.request(method, self._path(path), params=params, body=given, headers=headers)

    def _sign_in(self, namespace: str, account: str, role: str) -> str:
        jwt = token_of(self._kube, namespace=namespace, account=account)
        told = self.request("POST", "auth/kubernetes/login", body={"role": role, "jwt": jwt})
        return str(told["auth"]["client_token"])

    def _path(self, path: str, *, pod: str = "") -> str:
        return f"/api/v1/namespaces/{NAMESPACE}/pods/https:{pod or self._pod}:8200/proxy/v1/{path}"


def token_of(kube: Kube, *, namespace: str, account: str) -> str:
    """A token of a service account that is for Vault alone, for ten minutes."""
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
    wanted = {"spec": {"audiences": [AUDIENCE], "expirationSeconds": TOKEN_SECONDS}}
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", **wanted}
    return str(kube.request("POST", path, body=body)["status"]["token"])
