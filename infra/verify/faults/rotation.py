"""R45-vault: real agents, a real Vault and PostgreSQL; the logins of web and relay change under traffic."""

import tempfile
from pathlib import Path

from infra.verify.faults.fault import Fault, Site, hold
from infra.verify.vault.rotation import rotate

AGENT_ENDED = "agent-ended"
TTL, SECONDS, RATE = 12, 24.0, 50.0  # the agent takes a new login after three quarters of a lease


def _logins_change(site: Site) -> None:
    # Not below the site's folder, which PostgreSQL's own user may not enter.
    with tempfile.TemporaryDirectory(prefix="slipway-rotation-") as name:
        rotated = rotate(Path(name), ttl=TTL, seconds=SECONDS, rate=RATE, defect=site.defect)
    wrong = rotated.wrong()
    hold(not wrong, f"{'; '.join(wrong)} ({rotated.note})")


ROTATION = Fault(
    id="R45-vault",
    title="logins by Vault change under traffic",
    promise=(
        "no request fails, the relay never loses the database, an ended login is refused within 5 s, a pod has at most"
        " 2 leases, nothing is left behind"
    ),
    tier="machine",
    defect=AGENT_ENDED,
    probe=_logins_change,
)
