"""`helm test`: sign in, add a todo, be refused for a banned word; leaves no todo and no word behind."""

import json
import os
import secrets
import sys
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

BASE_URL = os.environ["BASE_URL"] + "/api/v1/"
WORD = "helmtest" + "".join(secrets.choice("bcdfghjkmnpqrstvwxz") for _ in range(12))


def call(method: str, path: str, body: dict[str, Any] | None = None, token: str = "") -> tuple[int, dict[str, Any]]:
    """Status and JSON body, also of a refusal."""
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    data = json.dumps(body).encode() if body is not None else None
    request = Request(BASE_URL + path, data=data, method=method, headers=headers)  # noqa: S310 - the Service of this release
    try:
        with urlopen(request, timeout=10) as response:  # noqa: S310 - as above
            text, status = response.read(), response.status
    except HTTPError as refusal:
        text, status = refusal.read(), refusal.code
    return status, json.loads(text) if text else {}


def want(what: str, *, status: int, got: tuple[int, dict[str, Any]]) -> dict[str, Any]:
    """The body, or the end of the test with both sides of the comparison."""
    sys.stdout.write(f"{what}: {got[0]}\n")
    if got[0] != status:
        sys.exit(f"{what}: wanted {status}, got {got[0]} {got[1]}")
    return got[1]


password = Path("/run/secrets/todo-app/admin-password").read_text(encoding="utf-8").strip()
sign_in = call("POST", "auth/tokens", {"username": "admin", "password": password})
token = want("sign in", status=201, got=sign_in)["token"]
word = want("ban a word", status=201, got=call("POST", "banned-words", {"word": WORD}, token))
try:
    todo = want("add a todo", status=201, got=call("POST", "todos", {"title": "helm test"}, token))
    want("remove it", status=204, got=call("DELETE", f"todos/{todo['id']}", token=token))
    refused = want("be refused", status=409, got=call("POST", "todos", {"title": f"buy {WORD} now"}, token))
    if "text-refused" not in str(refused.get("type")):
        sys.exit(f"refused for another reason: {refused}")
finally:
    want("allow the word", status=204, got=call("DELETE", f"banned-words/{word['id']}", token=token))
