"""A client of the todo service, from its contract (`contracts/`), with the standard library only."""

import json
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

PREFIX = "/api/v1"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Status, content type and decoded body; `body` is None where there is none or it is no JSON."""

    status: int
    kind: str
    body: Any


@dataclass(frozen=True)
class TodoApi:
    """The service at `url`, as the owner of `token`; `tls` is whom to trust."""

    url: str
    token: str = ""
    tls: ssl.SSLContext | None = None

    @classmethod
    def sign_in(cls, url: str, *, username: str, password: str, tls: ssl.SSLContext | None = None) -> "TodoApi":
        """A client with a fresh token; ConnectionError telling the answer when there is none."""
        answer = cls(url, tls=tls).call("POST", "/auth/tokens", {"username": username, "password": password})
        if not isinstance(answer.body, dict) or "token" not in answer.body:
            raise ConnectionError(f"sign-in of {username} answered {answer.status} {answer.body}")
        return cls(url, str(answer.body["token"]), tls)

    def call(self, method: str, path: str, body: object = None, *, patience: float = 15.0) -> Answer:
        """One exchange below /api/v1; an error status is an answer, OSError is none."""
        headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {self.token}"} if self.token else {})
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        request = urllib.request.Request(  # noqa: S310 - the URL is a bed's, on loopback
            f"{self.url}{PREFIX}{path}", data=data, headers=headers, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=patience, context=self.tls) as reply:  # noqa: S310 - as above
                return _answer(reply.status, reply.headers.get_content_type(), reply.read())
        except urllib.error.HTTPError as error:
            with error:
                return _answer(error.code, error.headers.get_content_type(), error.read())

    def add(self, title: str) -> str:
        """Create a todo; its id. ConnectionError telling the answer when it is not created."""
        answer = self.call("POST", "/todos", {"title": title})
        if answer.status != 201:
            raise ConnectionError(f"todo not created: {answer.status} {answer.body}")
        return str(answer.body["id"])

    def has(self, todo: str) -> bool:
        """Whether the todo can be read."""
        return self.call("GET", f"/todos/{todo}").status == 200


def _answer(status: int, kind: str, raw: bytes) -> Answer:
    try:
        return Answer(status=status, kind=kind, body=json.loads(raw) if raw else None)
    except ValueError:
        return Answer(status=status, kind=kind, body=None)
