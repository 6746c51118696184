"""Secrets of the cluster this runs in, over its API with the pod's own token; standard library only."""

import base64
import http.client
import json
import os
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
# Whose fields they are, as the ownership map knows it.
WRITER = "fieldManager=secrets-init"
TIMEOUT = 10.0  # seconds for one request
# What passes with time: the account's rights and the namespace may come a moment after the Job.
PASSING = frozenset({401, 403, 404, 408, 409, 429, 500, 502, 503, 504})


class PassingError(Exception):
    """A refusal that waiting may cure."""


class RefusedError(Exception):
    """A refusal that waiting does not cure."""


@dataclass(frozen=True)
class Stored:
    """A Secret as it is; `version` makes a later change fail when somebody else was quicker."""

    values: dict[str, bytes]
    version: str


@dataclass(frozen=True)
class Api:
    """The API server; `context` None means plain HTTP, which only tests use."""

    host: str
    port: int
    context: ssl.SSLContext | None
    token_file: Path

    @classmethod
    def in_cluster(cls) -> "Api":
        """As every pod finds it; raises RefusedError outside a cluster."""
        try:
            context = ssl.create_default_context(cafile=str(ACCOUNT / "ca.crt"))
            host, port = os.environ["KUBERNETES_SERVICE_HOST"], int(os.environ["KUBERNETES_SERVICE_PORT"])
        except (KeyError, OSError) as error:
            raise RefusedError(f"this is no pod with a service account: {error}") from error
        return cls(host, port, context, ACCOUNT / "token")

    def read(self, namespace: str, name: str) -> Stored | None:
        """The Secret, None when there is none."""
        status, answer = self._call("GET", f"{_path(namespace)}/{name}")
        if status == http.HTTPStatus.NOT_FOUND:
            return None
        self._check(status, answer, f"read Secret {namespace}/{name}")
        values = {key: base64.b64decode(value) for key, value in (answer.get("data") or {}).items()}
        return Stored(values, answer["metadata"]["resourceVersion"])

    def create(self, namespace: str, name: str, values: dict[str, bytes]) -> None:
        """Make a new Secret; raises PassingError when somebody else just made it."""
        body = {
            "apiVersion": "v1",
            "kind": "Secret",
            "type": "Opaque",
            "metadata": {"name": name, "labels": {"app.kubernetes.io/managed-by": "secrets-init"}},
            "data": _encoded(values),
        }
        status, answer = self._call("POST", f"{_path(namespace)}?{WRITER}", body)
        self._check(status, answer, f"create Secret {namespace}/{name}")

    def add(self, namespace: str, name: str, values: dict[str, bytes], *, version: str) -> None:
        """Add keys to the Secret of exactly this version; raises PassingError when it has changed since."""
        body = {"metadata": {"resourceVersion": version}, "data": _encoded(values)}
        status, answer = self._call("PATCH", f"{_path(namespace)}/{name}?{WRITER}", body)
        self._check(status, answer, f"add {', '.join(sorted(values))} to Secret {namespace}/{name}")

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
        if self.context is None:
            connection = http.client.HTTPConnection(self.host, self.port, timeout=TIMEOUT)
        else:
            connection = http.client.HTTPSConnection(self.host, self.port, timeout=TIMEOUT, context=self.context)
        headers = {
            # Read each time: the kubelet replaces it.
            "Authorization": f"Bearer {self.token_file.read_text(encoding='ascii').strip()}",
            "Accept": "application/json",
            "Content-Type": "application/merge-patch+json" if method == "PATCH" else "application/json",
        }
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None, headers)
            response = connection.getresponse()
            answer = json.loads(response.read() or b"{}")
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise PassingError(f"API server {self.host}:{self.port}: {error or type(error).__name__}") from error
        finally:
            connection.close()
        return response.status, answer if isinstance(answer, dict) else {}

    @staticmethod
    def _check(status: int, answer: dict[str, Any], purpose: str) -> None:
        if status < http.HTTPStatus.MULTIPLE_CHOICES:
            return
        # The answer's own message is left out: a validation error may repeat a value.
        text = f"cannot {purpose}: {status} {answer.get('reason') or http.client.responses.get(status, '')}".rstrip()
        raise (PassingError if status in PASSING else RefusedError)(text)


def _path(namespace: str) -> str:
    return f"/api/v1/namespaces/{namespace}/secrets"


def _encoded(values: dict[str, bytes]) -> dict[str, str]:
    return {key: base64.b64encode(value).decode("ascii") for key, value in values.items()}
