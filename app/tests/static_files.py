"""The static files that the build of the image collects, for tests: pages name them, a fresh clone has none.

Several sessions run side by side in the gate: one collects, the others wait for it and find that nothing has changed.
"""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command

MARK = ".collected-from"


def collect() -> bool:
    """Collect them if what they come from has changed; whether it had."""
    with _alone():
        mark, now = Path(settings.STATIC_ROOT) / MARK, _sources()
        if mark.exists() and mark.read_text(encoding="utf-8") == now:
            return False
        # cleared: without, a file that changed within the second of the last collecting would be left as it was
        call_command("collectstatic", interactive=False, clear=True, verbosity=0)
        mark.write_text(now, encoding="utf-8")
        return True


@contextmanager
def _alone() -> Iterator[None]:
    folder = os.open(settings.BASE_DIR, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)  # which ends the lock


def _sources() -> str:
    """One digest of every file that would be collected, by name and content."""
    digest = hashlib.sha256()
    for finder in get_finders():
        for name, storage in sorted(finder.list([]), key=lambda found: found[0]):
            content = Path(storage.path(name)).read_bytes()
            digest.update(f"{name} {len(content)} ".encode() + content)
    return digest.hexdigest()
