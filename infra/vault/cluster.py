"""Secrets and ConfigMaps of the cluster a Job runs in, with the Job's own token."""

import base64
import http.client
import json
import os
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
MANAGER = "vault-bootstrap"
LABELS = {"app.kubernetes.io/managed-by": MANAGER}
TIMEOUT, PATIENCE, PAUSE = 10.0, 60.0, 1.0  # seconds
# What passes with time: the account's rights and a namespace may come a moment after the Job.
PASSING = frozenset({401, 403, 404, 408, 409, 429, 500, 502, 503, 504})


class RefusedError(Exception):
    """The cluster refused, and waiting did not help."""


@dataclass(frozen=True)
class Api:
    """The API server; `context` None means plain HTTP, which only tests use."""

    host: str
    port: int
    context: ssl.SSLContext | None
    token_file: Path
    patience: float = PATIENCE

    @classmethod
    def in_cluster(cls) -> "Api":
        """As every pod finds it."""
        try:
            context = ssl.create_default_context(cafile=str(ACCOUNT / "ca.crt"))
            host, port = os.environ["KUBERNETES_SERVICE_HOST"], int(os.environ["KUBERNETES_SERVICE_PORT"])
        except (KeyError, OSError) as error:
            raise RefusedError(f"this is no pod with a service account: {error}") from error
        return cls(host, port, context, ACCOUNT / "token")

    def secret(self, namespace: str, name: str) -> dict[str, bytes]:
        """Its keys; none when there is no such Secret."""
        found = self._patient("GET", f"{_path(namespace, 'secrets')}/{name}", missing_is_fine=True)
        return {key: base64.b64decode(value) for key, value in (found.get("data") or {}).items()}

    def keep_secret(self, namespace: str, name: str, values: Mapping[str, bytes]) -> None:
        """Exactly these keys of ours; what another put there stays."""
        data = {key: base64.b64encode(value).decode() for key, value in values.items()}
        self._apply(namespace, "Secret", name, {"type": "Opaque", "data": data})

    def keep_config_map(self, namespace: str, name: str, values: Mapping[str, str]) -> None:
        """As above, of what is no secret."""
        self._apply(namespace, "ConfigMap", name, {"data": dict(values)})

    def _apply(self, namespace: str, kind: str, name: str, content: Mapping[str, Any]) -> None:
        body = {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "labels": LABELS}, **content}
        path = f"{_path(namespace, f'{kind.lower()}s')}/{name}?fieldManager={MANAGER}&force=true"
        self._patient("PATCH", path, body)

    def _patient(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, missing_is_fine: bool = False
    ) -> dict[str, Any]:
        end = time.monotonic() + self.patience
        while True:
            try:
                status, answer = self._call(method, path, body)
                told = f"{status} {answer.get('reason', '')}"
            except (OSError, http.client.HTTPException, ValueError) as error:
                status, answer, told = 503, {}, str(error) or type(error).__name__
            if status < http.HTTPStatus.MULTIPLE_CHOICES:
                return answer
            if status == http.HTTPStatus.NOT_FOUND and missing_is_fine:
                return {}
            if status not in PASSING or time.monotonic() >= end:
                # The answer's own message is left out: a validation error may repeat a value.
                raise RefusedError(f"{method} {path.partition('?')[0]}: {told}")
            time.sleep(PAUSE)

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None) -> tuple[int, dict[str, Any]]:
        if self.context is None:
            connection = http.client.HTTPConnection(self.host, self.port, timeout=TIMEOUT)
        else:
            connection = http.client.HTTPSConnection(self.host, self.port, timeout=TIMEOUT, context=self.context)
        headers = {
            # Read each time: the kubelet replaces it.
            "Authorization": f"Bearer {self.token_file.read_text(encoding='ascii').strip()}",
            "Accept": "application/json",
            "Content-Type": "application/apply-patch+yaml" if method == "PATCH" else "application/json",
        }
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None, headers)
            response = connection.getresponse()
            answer = json.loads(response.read() or b"{}")
        finally:
            connection.close()
        return response.status, answer if isinstance(answer, dict) else {}


def _path(namespace: str, plural: str) -> str:
    return f"/api/v1/namespaces/{namespace}/{plural}"
