"""Database users that change under traffic: what its senders, the database and Vault see of it."""

import asyncio
import json
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import hvac  # type: ignore[import-untyped] # ships no types
import psycopg

from infra.verify.background import Background
from infra.verify.http1 import Request
from infra.verify.openloop import Plan, Tally, drive
from infra.verify.todo_api import PREFIX, TodoApi
from infra.verify.vault.service import Service, service

LATE = 5.0  # seconds after the end of a lease by which the database must refuse its user
PODS = ("web", "relay")
# The migration's lives on for its quarter of an hour.
LOGINS = "SELECT count(*) FROM pg_roles WHERE rolname ~ '^v-.*-(web|relay)-'"


@dataclass
class Rotated:
    """`logins` of each pod, `leases` of one pod at most, `slowest` refusal in seconds after the end of a lease."""

    tally: Tally = field(default_factory=Tally)
    logins: dict[str, int] = field(default_factory=dict)
    leases: int = 0
    slowest: float = 0.0
    refused: int = 0
    orphans: int = 0
    relay_troubles: int = 0

    def wrong(self) -> list[str]:
        """What of the promise does not hold."""
        found = [f"{self.tally.failures} of {self.tally.sent} requests failed: {'; '.join(self.tally.examples[:3])}"]
        found = found if self.tally.failures else []
        found += [] if self.tally.sent else ["no request was sent"]
        found += [] if self.refused else ["no ended login was seen refused"]
        found += [f"{name} had {count} logins" for name, count in self.logins.items() if count < 2]
        found += [f"{self.leases} leases of one pod"] if self.leases > 2 else []
        found += [f"an old login was let in {self.slowest:.1f} s after its end"] if self.slowest > LATE else []
        found += [f"{self.orphans} users left behind"] if self.orphans else []
        found += [f"the relay lost the database {self.relay_troubles} times"] if self.relay_troubles else []
        return found

    @property
    def note(self) -> str:
        """The counts that make it mean something."""
        logins = ", ".join(f"{name} {count}" for name, count in self.logins.items())
        return (
            f"{self.tally.sent} requests, logins: {logins}, at most {self.leases} leases of a pod, {self.refused} old"
            f" ones refused {self.slowest:.1f} s after their end at the latest, {self.orphans} left behind"
        )


class Watch(Background):
    """Each new login of a pod, how many leases it has, and until when an ended one is let in."""

    def __init__(self, one: Service, *, ttl: int, rotated: Rotated) -> None:
        super().__init__(every=0.25)
        self._one, self._ttl, self._rotated = one, ttl, rotated
        self._last: dict[str, tuple[str, str]] = {}
        self._ending: list[tuple[tuple[str, str], float]] = []

    def _look(self) -> None:
        while not self._over.wait(self._every):
            for name in PODS:
                self._pod(name)
            self._ended()

    def _pod(self, name: str) -> None:
        with suppress(OSError):
            login = self._one.login(name)
            if login != self._last.get(name):
                self._last[name] = login
                self._rotated.logins[name] = self._rotated.logins.get(name, 0) + 1
                self._ending.append((login, time.monotonic() + self._ttl))
        with suppress(hvac.exceptions.VaultError):
            found = self._one.stand.client.list(f"sys/leases/lookup/database/creds/{name}")
            self._rotated.leases = max(self._rotated.leases, len(found["data"]["keys"]) if found else 0)

    def _ended(self) -> None:
        now = time.monotonic()
        for entry in [each for each in self._ending if each[1] < now]:
            (user, password), end = entry
            self._rotated.slowest = max(self._rotated.slowest, now - end)
            with suppress(psycopg.OperationalError):
                self._one.stand.database.login(user, password).close()
                continue
            self._rotated.refused += 1
            self._ending.remove(entry)


def rotate(folder: Path, *, ttl: int, seconds: float, rate: float, defect: str = "") -> Rotated:
    """Traffic for `seconds` while each login lives `ttl`; then everybody ends, and nothing may be left."""
    rotated = Rotated()
    folder.chmod(0o755)  # PostgreSQL runs as a user of its own
    with service(folder, ttl=ttl, defect=defect) as (one, api):
        with Watch(one, ttl=ttl, rotated=rotated):
            rotated.tally = asyncio.run(drive(_plan(one, api, seconds=seconds, rate=rate)))
        rotated.relay_troubles = one.log("relay").count("database is away")
        for name in PODS:
            one.stop(name)
        rotated.orphans = _left(one, seconds=ttl + 2 * LATE)
    return rotated


def _plan(one: Service, api: TodoApi, *, seconds: float, rate: float) -> Plan:
    """Nine reads to one write."""
    headers = {"Authorization": f"Bearer {api.token}"}
    read = Request(path=f"{PREFIX}/todos", headers=headers)
    body = json.dumps({"title": "written while logins change"}).encode()
    requests = [*[read] * 9, Request(method="POST", path=f"{PREFIX}/todos", headers=headers, body=body)]
    return Plan(host="127.0.0.1", port=one.port, requests=requests, rate=rate, count=int(seconds * rate))


def _left(one: Service, *, seconds: float) -> int:
    """Users of Vault's that are still there when every lease has ended."""
    deadline = time.monotonic() + seconds
    while (count := int(one.stand.database.run(LOGINS)[0][0])) and time.monotonic() < deadline:
        time.sleep(0.5)
    return count
