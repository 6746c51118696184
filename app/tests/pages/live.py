"""The service on a loopback port and a real Chromium in front of it."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import pytest
from django.core.wsgi import get_wsgi_application
from django.db import connections
from playwright.sync_api import Browser, Page, sync_playwright

from todo_app.accounts.models import User

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

ARGUMENTS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
ARGUMENTS += ["--disable-component-update", "--disable-sync", "--no-first-run"]


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it format
        """Nothing on the terminal."""


@contextmanager
def served() -> Iterator[str]:
    """The address of the service in this process, with this process's database."""
    application = get_wsgi_application()

    def closing(environ: "WSGIEnvironment", start: "StartResponse") -> Iterator[bytes]:
        answer = application(environ, start)
        try:
            yield from answer
        finally:
            answer.close()
            connections.close_all()

    server = _Server(("127.0.0.1", 0), _Quiet)
    server.set_app(closing)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join(5)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Headless, without services of its own."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("not run: no chromium on PATH (apt-get install chromium)")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield started
        started.close()


@dataclass
class Desk:
    """Opens pages and remembers what went wrong on them."""

    browser: Browser
    url: str
    faults: list[str] = field(default_factory=list)

    def page(
        self, user: User | None, *, width: int = 1280, scripts: bool = True, dark: bool = False, zone: str = "UTC"
    ) -> Page:
        """A page of a fresh session, signed in through the form; the browser's clock is that of the zone."""
        context = self.browser.new_context(
            viewport={"width": width, "height": 800},
            base_url=self.url,
            java_script_enabled=scripts,
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            timezone_id=zone,
        )
        context.set_default_timeout(6_000)
        page = context.new_page()
        page.on("console", lambda line: self._note(line.type, line.text))
        page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        if user is not None:
            page.goto("/sign-in")
            page.get_by_label("Name").fill(user.username)
            page.get_by_label("Password").fill(f"passphrase-{user.username}")
            page.get_by_role("button", name="Sign in").click()
            page.wait_for_url("/")
        return page

    def _note(self, kind: str, text: str) -> None:
        # a refusal is an answer with status 409 or 422, which Chromium calls a failed resource
        if kind in {"error", "warning"} and "status of 4" not in text:
            self.faults.append(f"{kind}: {text}")
