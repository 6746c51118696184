"""`ca`: the certificate of the authority that signed the page's, to be trusted by whoever opens it."""

import sys

from infra.lib.errors import Exit, SlipwayError
from infra.slipway import front
from infra.slipway.session import Session


def run(session: Session) -> None:
    """Print it as PEM; an error where the page has none of its own."""
    session.require_running()
    door = front.door(session)
    if not door.authority:
        why = "its certificate is not of an authority of ours" if door.secure else "it is served without TLS"
        raise SlipwayError(f"the page of {session.name} needs none: {why}", hint="make status", code=Exit.MISSING)
    sys.stdout.write(door.authority)
