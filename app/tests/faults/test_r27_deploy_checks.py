"""R27: Django's own deploy checks, the exact header set, cookies, and hostile Host headers; needs no database."""

import io
import re

import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.test import Client

from tests.faults.harness import Fault, FaultRun
from todo_app.common.content_policy import STRICT

FAULT = Fault(
    id="R27",
    title="deploy-checks",
    promise="no deploy warning, the header set is exact, no foreign Host is answered or repeated",
    defect="ALLOWED_HOSTS lets every name in",
)
HOST = "todo.invalid"
HEADERS = {
    "Content-Security-Policy": STRICT,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Referrer-Policy": "same-origin",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains; preload",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
UNTOLD = ("Server", "X-Powered-By", "Via")
FOREIGN = ["evil.example", "evil.example:443", "127.0.0.1", "[::1]", "localhost", "xn--tdo-5na.invalid", ""]
FOREIGN += [
    f"{HOST}{tail}" for tail in (".evil.example", "@evil.example", ",evil.example", "/evil", "#", "?x", "%00", "\\")
]
FOREIGN += [f"{head}{HOST}" for head in ("evil.", "evil.example/", "evil@", " evil.example ", "a:b@", "-", "*.")]
FOREIGN += [f"evil-{number}.example" for number in range(20)]
REPEATED = ("X-Forwarded-Host", "X-Host", "Forwarded", "X-Original-Host", "X-Rewrite-Url", "X-Forwarded-Server")
ADDRESSES = ("/sign-in", "/api/v1/nothing", "/admin/login/?next=/admin/")


@pytest.fixture(autouse=True)
def _production(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the fixtures of other tests relax."""
    monkeypatch.setattr(settings, "SECURE_SSL_REDIRECT", True)
    monkeypatch.setattr(settings, "ALLOWED_HOSTS", [HOST])


def deploy_warnings() -> list[str]:
    """What `check --deploy` says."""
    out = io.StringIO()
    try:
        call_command("check", deploy=True, fail_level="WARNING", stdout=out, stderr=out)
    except SystemCheckError as error:
        return re.findall(r"\((\w+\.[WE]\d+)\)", str(error)) or [str(error)]
    return [] if "no issues (0 silenced)" in out.getvalue() else [out.getvalue()]


def header_faults() -> tuple[int, list[str]]:
    """Each header on each kind of answer, cookies, and plain http."""
    wrong, tried = [], 0
    for address in ("/sign-in", "/nothing", "/api/v1/nothing", "/healthz", "/todos/x"):
        answer = Client(headers={"host": HOST}).get(address, secure=True)
        tried += len(HEADERS) + len(UNTOLD)
        wrong += [f"{address} {name}" for name, value in HEADERS.items() if answer.headers.get(name) != value]
        wrong += [f"{address} {name}" for name in UNTOLD if name in answer.headers]
        if address.startswith("/api/") and answer.headers.get("Cache-Control") != "no-store":
            wrong.append(f"{address} Cache-Control")
    cookie = Client(headers={"host": HOST}).get("/sign-in", secure=True).cookies[settings.CSRF_COOKIE_NAME]
    flags = (cookie["secure"], cookie["samesite"], settings.SESSION_COOKIE_SECURE, settings.SESSION_COOKIE_HTTPONLY)
    plain = Client(headers={"host": HOST}).get("/sign-in")
    wrong += [] if flags == (True, "Lax", True, True) else [f"cookies {flags}"]
    wrong += [] if (plain.status_code, plain.headers["Location"]) == (301, f"https://{HOST}/sign-in") else ["http"]
    return tried + 2, wrong


def host_faults() -> tuple[int, list[str]]:
    """Foreign names must be 400; names in other headers must not come back."""
    wrong, tried = [], 0
    for host in FOREIGN:
        for address in ADDRESSES:
            tried += 1
            answer = Client(headers={"host": host}).get(address, secure=True)
            if answer.status_code != 400 or b"evil" in answer.content or "evil" in answer.headers.get("Location", ""):
                wrong.append(f"Host {host!r} {address}: {answer.status_code}")
    for name in REPEATED:
        for address in ADDRESSES:
            tried += 1
            answer = Client(headers={"host": HOST, name: "evil.example"}).get(address, secure=True)
            if b"evil.example" in answer.content or "evil.example" in str(answer.headers):
                wrong.append(f"{name} {address} is repeated")
    return tried, wrong


def probe(run: FaultRun) -> None:
    """Everything once; it is the same each time."""
    warnings = deploy_warnings()
    (headers, wrong_headers), (hosts, wrong_hosts) = header_faults(), host_faults()
    assert hosts >= 50
    wrong = [*warnings, *wrong_headers, *wrong_hosts]
    run.verdict(n=1 + headers + hosts, failures=len(wrong), note="; ".join(wrong[:5]))


def test_promise_holds(fault_run: FaultRun) -> None:
    probe(fault_run)


def test_defect_turns_it_red(fault_run: FaultRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "ALLOWED_HOSTS", ["*"])
    probe(fault_run)
