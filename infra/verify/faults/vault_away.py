"""R46-app: Vault is away for ten minutes under traffic, on a running instance; what runs goes on, what begins waits.

A login of web lives an hour, and the agent asks for the next one when 16 to 18 minutes of it are left, so an outage of
ten minutes ends before it does, whenever it began. The relay gets logins here that end during the outage: what it does
then is seen as well. PostgreSQL refuses an ended login only when a session begins, so sessions that nobody uses are
ended now and then: the pods must get in again with what they have.
"""

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any

from infra.vault import desired
from infra.verify.bed import Bed, BedError
from infra.verify.faults.fault import BrokenError, Fault, Site, hold
from infra.verify.traffic import traffic
from infra.verify.vault.live import AT_WORK, login, query, restart, set_life

SHORT = "logins-end-meanwhile"
RATE = 20.0  # requests a second
AWAY, AWAY_TWIN = 600.0, 150.0  # seconds, more than LIFE
RECOVERY = 30.0  # until Vault serves, and until who waited for it is there
LIFE, LIFE_TWIN = 120, 40  # seconds a login of the relay lives; of web in the twin
LOOK = 15.0
# Sessions that nobody uses: one idle for less is often between two statements of a request (13 of 7,224 failed).
ENDED = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename LIKE 'v-%' AND state = 'idle'"
    " AND state_change < now() - interval '300 ms'"
)
VAULT = ("-n", "vault")
WEB = ("-n", "todo", "pods", "-l", "app.kubernetes.io/component=web")


def away(site: Site) -> None:
    """The round; the twin gives web logins that do not outlive the outage."""
    bed, twin, broken = site.bed, site.defect == SHORT, list[str]()
    try:
        set_life(bed, LIFE, "relay")
        if twin:
            set_life(bed, LIFE_TWIN)
        with traffic(bed, rate=RATE, writes=True) as tally, _gone(bed):
            relay = login(bed, "relay")
            before = {_name(pod) for pod in bed.objects(*WEB)}
            restart(bed, "web")
            _meanwhile(bed, before, seconds=AWAY_TWIN if twin else AWAY)
            hold(relay not in query(bed, AT_WORK), "the relay works with a login that has ended")
            _back(bed, relay, before)
    except BrokenError as error:
        broken.append(str(error))
    finally:
        set_life(bed, desired.HOUR, "relay")
        if twin:
            set_life(bed, desired.HOUR)
    if tally.failures:
        broken.append(f"{tally.failures} of {tally.sent} requests failed: {'; '.join(tally.examples[:3])}")
    hold(not broken, "; ".join([*broken, f"{tally.sent} requests were sent"]))
    hold(tally.sent >= RATE * AWAY_TWIN, f"only {tally.sent} requests were sent")


@contextlib.contextmanager
def _gone(bed: Bed) -> Iterator[None]:
    """Vault without a pod for the block, or until the block has it back."""
    bed.kubectl(*VAULT, "scale", "statefulset", "vault", "--replicas=0")
    try:
        bed.wait("the end of Vault's pod", lambda: not bed.objects(*VAULT, "pods", *_server()), deadline=60)
        yield
    finally:
        bed.kubectl(*VAULT, "scale", "statefulset", "vault", "--replicas=1")
        bed.wait("Vault", lambda: _serves(bed), deadline=4 * RECOVERY)


def _server() -> tuple[str, str]:
    return "-l", "app.kubernetes.io/name=vault,app.kubernetes.io/component=server"


def _serves(bed: Bed) -> bool:
    pods = bed.objects(*VAULT, "pods", *_server())
    return bool(pods) and all(map(_ready, pods))


def _ready(pod: dict[str, Any]) -> bool:
    conditions = pod["status"].get("conditions", [])
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def _name(pod: dict[str, Any]) -> str:
    return str(pod["metadata"]["name"])


def _meanwhile(bed: Bed, before: set[str], *, seconds: float) -> None:
    """New pods stay shut: not ready, their own container not begun, nothing given up."""
    end, waited = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        time.sleep(LOOK)
        query(bed, ENDED)
        for pod in (each for each in bed.objects(*WEB) if _name(each) not in before):
            waited += 1
            hold(not _ready(pod), f"{_name(pod)} became ready without secrets")
            own = [each for each in pod["status"].get("containerStatuses", []) if each["name"] == "web"]
            hold(all("waiting" in each["state"] for each in own), f"{_name(pod)} began without secrets")
    hold(waited, "no new pod: the round has no subject")


def _back(bed: Bed, relay: str, before: set[str]) -> None:
    """Unaided: Vault itself, then the new pod, then the relay with a new login."""
    bed.kubectl(*VAULT, "scale", "statefulset", "vault", "--replicas=1")
    _within("Vault serves", lambda: bed.wait("Vault", lambda: _serves(bed), deadline=RECOVERY))
    end = time.monotonic() + RECOVERY

    def new_pod() -> bool:
        # Not `rollout status`, which gives up at once when the deadline of the rollout has passed, as it has by now.
        return any(_ready(pod) for pod in bed.objects(*WEB) if _name(pod) not in before)

    _within("the new pod of web is ready", lambda: bed.wait("a new pod", new_pod, deadline=RECOVERY))

    def at_work() -> bool:
        return login(bed, "relay") not in {"", relay} and login(bed, "relay") in query(bed, AT_WORK)

    rest = max(1.0, end - time.monotonic())
    _within("the relay works with a new login", lambda: bed.wait("a new login", at_work, deadline=rest))


def _within(what: str, wait: Callable[[], object]) -> None:
    try:
        wait()
    except BedError as error:
        raise BrokenError(f"not within {RECOVERY:.0f} s: {what}: {error}") from error


R46_APP = Fault(
    id="R46-app",
    title="secrets-server-down for ten minutes, seen by the app: requests, a rollout, a login that ends meanwhile",
    promise=(
        "0 requests fail while the logins live, which is ten minutes at least whenever it begins, sessions of the"
        " database being ended meanwhile; new pods wait, unready and without secrets; who works with a login that ended"
        " stops; Vault serves within 30 s and everybody has secrets within 30 s more, unaided"
    ),
    tier="full",
    defect=SHORT,
    probe=away,
)
