"""`open`: the page in a browser."""

import sys
import webbrowser

from infra.lib.errors import Exit, SlipwayError
from infra.slipway.session import Session


def run(session: Session) -> None:
    """Print the URL and open it where there is a browser; a server has none and the line is enough."""
    session.require_running()
    if session.options.port not in session.cluster.info().exposed:
        raise SlipwayError(
            f"nothing is served on port {session.options.port} of this machine for {session.name}",
            hint="make up",
            code=Exit.NOT_RUNNING,
        )
    sys.stdout.write(session.options.url + "\n")
    sys.stdout.flush()
    webbrowser.open(session.options.url)
