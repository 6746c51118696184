"""What code of some version asks of the database all day: reads, writes and deletes by the models of its migrations.

Historical models name exactly the columns that the code of that time knew, which is what decides whether old code
goes on with a new schema. Every session gives up on a lock after LOCK_WAIT_MOST, so a longer wait is a failed request.
"""

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.apps.registry import Apps
from django.db import connection, connections, transaction
from django.utils import timezone

from tests.servers import Servers
from todo_app.common.shards import on_shard

LOCK_WAIT_MOST = "2s"
PAUSE = 0.04  # seconds between two requests of a thread
LABELS = ("accounts", "common", "moderation", "outbox", "todos")


@contextmanager
def database_alias(servers: Servers, name: str) -> Iterator[str]:
    """A database of the test server as an alias of Django; its connections are plain and impatient."""
    entry = deepcopy(connections["default"].settings_dict)
    entry |= {"NAME": name, "PASSWORD": (servers.secrets_dir / "database-password").read_text(encoding="utf-8")}
    entry["OPTIONS"] = {"options": f"-c lock_timeout={LOCK_WAIT_MOST}", "connect_timeout": 10}
    connections.settings[name] = entry
    try:
        yield name
    finally:
        connections[name].close()
        del connections[name], connections.settings[name]


@dataclass
class Load:
    """Threads that send requests until told to stop."""

    alias: str
    words: bool = True
    requests: int = 0
    failures: list[str] = field(default_factory=list)
    first: threading.Event = field(default_factory=threading.Event)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self, apps: Apps) -> None:
        """One thread."""
        with on_shard(self.alias):
            try:
                while not self.stop.wait(PAUSE):
                    try:
                        with transaction.atomic():
                            request(apps, words=self.words)
                    except Exception as error:
                        self.failures.append(f"{type(error).__name__}: {error}".partition("\n")[0])
                    self.requests += 1
                    self.first.set()
            finally:
                connection.close()


def request(apps: Apps, *, words: bool) -> None:
    """Something of everything the version has."""
    known = {model.__name__: model for model in apps.get_models() if model._meta.app_label in LABELS}
    if "User" not in known:
        return
    user = _add(known["User"], username=f"load-{secrets.token_hex(8)}", password="!")
    known["User"].objects.filter(pk=user.pk).update(violation_count=1)
    mark, now = secrets.token_hex(8), timezone.now()
    rows: dict[str, dict[str, Any]] = {
        "ApiToken": {"user": user, "digest": secrets.token_bytes(32), "expires_on": now + timedelta(days=1)},
        "Todo": {"owner": user, "title": mark},
        "Event": {"type": "todo.created", "key": mark, "payload": {}},
        "Violation": {
            "user": user, "subject_id": user.pk, "words": ["w"], "severity": 1, "text": "w", "spans": [], "words_version": 1,
        },
        "Recurrence": {"owner": user, "title": mark, "rule": "FREQ=DAILY", "starts_on": now},
    }
    if words:
        rows["BannedWord"] = {"word": mark, "folded": mark}
    for name, values in rows.items():
        if name in known:
            row = _add(known[name], **values)
            list(known[name].objects.order_by("-id")[:20])
            if name in {"Todo", "BannedWord"}:
                row.save()
                known[name].objects.filter(pk=row.pk).delete()


def _add(model: Any, **values: Any) -> Any:  # noqa: ANN401 - a historical model
    """The columns it knows."""
    names = {item.name for item in model._meta.get_fields()}
    return model.objects.create(**{name: value for name, value in values.items() if name in names})
