"""Fixtures of the tests that drive a browser."""

import os
from collections.abc import Iterator

import pytest
from django.conf import settings

from tests.pages.live import Desk, chromium, served
from tests.servers import Servers


@pytest.fixture(scope="module")
def _live(database: Servers) -> Iterator[Desk]:
    # playwright's own event loop makes Django think that this thread is asynchronous
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "127.0.0.1"]
    with served() as url, chromium() as browser:
        yield Desk(browser, url)
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def live(_live: Desk) -> Iterator[Desk]:
    """A desk whose pages must end without an error, a warning or a violated content policy."""
    _live.faults.clear()
    yield _live
    for context in _live.browser.contexts:
        context.close()
    assert _live.faults == []
