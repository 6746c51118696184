"""`open`: the page in a browser."""

import sys
import webbrowser

from infra.lib.errors import Exit, SlipwayError
from infra.slipway import front
from infra.slipway.session import Session


def run(session: Session) -> None:
    """Print the URL and open it where there is a browser; a server has none and the line is enough."""
    session.require_running()
    port, exposed = session.options.port, session.cluster.info().exposed
    if port not in exposed:
        raise SlipwayError(
            f"nothing is served on port {port} of this machine for {session.name}",
            hint="make up",
            code=Exit.NOT_RUNNING,
        )
    url = front.url(port, exposed[port])
    sys.stdout.write(url + "\n")
    sys.stdout.flush()
    webbrowser.open(url)
