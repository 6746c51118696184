"""`down`: remove what `up` made."""

from collections.abc import Callable

from infra.lib.paths import cache_dir
from infra.slipway import profile, steps, views
from infra.slipway.confirm import confirm_loss
from infra.slipway.plan import Step, Work
from infra.slipway.session import STACKS, Session


def run(session: Session) -> None:
    """Our own cluster goes as a whole; from another one the stacks go in reverse order, its rest stays."""
    session.require_permission()
    confirm_loss(session)
    with session.locked("down"), views.viewer(as_json=session.options.json) as viewer:
        logs = cache_dir() / "logs"  # the instance's own folder is about to go
        steps.execute(plan(session), viewer=viewer, logs=logs, timings=session.timings)
        profile.forget(session.options)
    if not session.options.json:
        views.console().print(
            f"{session.name} is gone. Kept: the cache of tools and images in {cache_dir()} (safe to delete)"
        )


def plan(session: Session) -> tuple[Step, ...]:
    """Delete the cluster, or the stacks from the last to the first."""

    def delete(work: Work) -> None:
        session.cluster.delete(work.report)

    if session.options.embedded:
        return (Step(name="delete", action=delete, deadline=180),)
    planned: list[Step] = []
    for name in reversed(STACKS):
        needs = (planned[-1].name,) if planned else ()
        planned.append(Step(name=name, action=_remove(session, name), deadline=10 * 60, needs=needs))
    return (*planned, Step(name="disconnect", action=delete, deadline=60, needs=(planned[-1].name,)))


def _remove(session: Session, name: str) -> Callable[[Work], str]:
    def act(work: Work) -> str:
        result = session.engine.down(session.stack(name), report=work.report)
        return f"{result.counts['deleted']} deleted"

    return act
