"""`stop` and `start`: the embedded cluster; of a context, the port-forward."""

from infra.cluster.api import NodeImages
from infra.images import api as images
from infra.lib.errors import Exit, SlipwayError
from infra.slipway import steps, views
from infra.slipway.plan import Step, Work
from infra.slipway.session import Session

NODE_IMAGES = ("pause", "coredns")
STOPPED = "is stopped; its data is kept. next: make start"
FORWARDED_NO_MORE = "runs on, and no port of this machine leads to it. next: make up"


def stop(session: Session) -> None:
    """End the processes that are ours, keep the data."""
    session.require_permission()
    with session.locked("stop"):
        session.cluster.stop()
    if not session.options.json:
        views.console().print(f"{session.name} {STOPPED if session.options.embedded else FORWARDED_NO_MORE}")


def start(session: Session) -> None:
    """The cluster as `stop` left it; `up` is for a first start or for changes."""
    session.require_permission()
    if not session.options.embedded:
        raise SlipwayError(f"{session.options.cluster} is not ours to start", hint="make up", code=Exit.BAD_INPUT)
    if not session.options.instance.state.is_dir():
        raise SlipwayError(f"{session.name} does not exist", hint="make up", code=Exit.NOT_RUNNING)
    with session.locked("start"), views.viewer(as_json=session.options.json) as viewer:
        step = Step(name="cluster", action=lambda work: bring_up(session, work), deadline=10 * 60)
        steps.execute([step], viewer=viewer, logs=session.logs, timings=session.timings)


def bring_up(session: Session, work: Work) -> str:
    """Start the node with its two images from the cache; the note is the API server's address."""
    archives = images.ensure(NODE_IMAGES, report=work.report, log_dir=work.log.parent)
    references = images.refs()
    node = NodeImages(
        pause=references["pause"],
        coredns=references["coredns"],
        archives={references[name]: archive for name, archive in archives.items()},
    )
    session.cluster.start(work.report, images=node)
    return session.cluster.info().server
