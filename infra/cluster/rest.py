"""A few plain calls to the API server: what is needed before any client library knows the cluster."""

import http.client
import json
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from infra.lib.errors import Exit, SlipwayError

MANAGER = "slipway-node"


class Rest:
    """One user's connection settings; a connection is made for each call, so a restart is survived."""

    def __init__(self, *, host: str, pki: Path, user: str) -> None:
        self._host = host
        self._context = ssl.create_default_context(cafile=str(pki / "ca.crt"))
        self._context.load_cert_chain(pki / f"{user}.crt", pki / f"{user}.key")

    def call(
        self, method: str, path: str, *, body: object = None, content: str = "application/json"
    ) -> tuple[int, Any]:
        """Status and decoded answer; status 0 when there is no connection."""
        connection = http.client.HTTPSConnection(self._host, 6443, context=self._context, timeout=10)
        try:
            payload = None if body is None else json.dumps(body)
            connection.request(method, path, body=payload, headers={"Content-Type": content})
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if text.startswith(b"{") else text.decode(errors="replace")
        except (OSError, http.client.HTTPException) as error:
            return 0, str(error)
        finally:
            connection.close()

    def get(self, path: str) -> Any:  # noqa: ANN401 - JSON has no narrower type
        """The object at `path`, `None` when it does not exist or the API does not answer."""
        status, answer = self.call("GET", path)
        return answer if status == 200 else None

    def apply(self, path: str, content: dict[str, Any]) -> None:
        """Server-side apply; raises with the server's words."""
        query = f"?fieldManager={MANAGER}&force=true"
        status, answer = self.call("PATCH", path + query, body=content, content="application/apply-patch+yaml")
        if status not in {200, 201}:
            words = answer.get("message", answer) if isinstance(answer, dict) else answer
            raise SlipwayError(f"the API server refused {path}: {words}", code=Exit.FAILED)


def poll(found: Callable[[], bool], *, deadline: float, pause: float = 0.2) -> bool:
    """Whether `found` became true within `deadline` seconds."""
    end = time.monotonic() + deadline
    while not found():
        if time.monotonic() > end:
            return False
        time.sleep(pause)
    return True
