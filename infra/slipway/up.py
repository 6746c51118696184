"""`up`: from whatever state to a service that answers; running it again changes nothing."""

import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

from infra.images import api
from infra.lib import gotool
from infra.lib.errors import Exit, SlipwayError
from infra.slipway import power, preflight, steps, views, welcome
from infra.slipway.confirm import confirm_context
from infra.slipway.plan import Step, Work
from infra.slipway.power import NODE_IMAGES
from infra.slipway.session import STACKS, Session

APP_IMAGES = ("postgresql", "redis", "secrets-init", "todo-app")
SERVICE = ("todo", "todo-app-web", 80)
ANSWER_DEADLINE = 120.0


@dataclass
class _Up:
    """What one run finds out and later steps need."""

    session: Session
    archives: dict[str, Path] = field(default_factory=dict)
    changed: int = 0

    def preflight(self, work: Work) -> str:
        """Everything that would stop a later step, told now and at once."""
        return preflight.run(self.session, report=work.report)

    def tools(self, work: Work) -> str:
        """The one program that is every process of a node."""
        return gotool.ensure("node", report=work.report, log=work.log).parent.name

    def image(self, name: str) -> Callable[[Work], str]:
        """One image; its bases are built by whichever step comes first."""

        def act(work: Work) -> str:
            archive = api.ensure([name], report=work.report, log_dir=work.log.parent)[name]
            self.archives[name] = archive
            return f"{archive.stat().st_size / 1e6:.0f} MB"

        return act

    def cluster(self, work: Work) -> str:
        """A node that is ready."""
        return power.bring_up(self.session, work)

    def load(self, work: Work) -> str:
        """The stacks' images on the node."""
        references = api.refs()
        self.session.cluster.load_images({references[name]: self.archives[name] for name in APP_IMAGES}, work.report)
        return ""

    def stack(self, name: str) -> Callable[[Work], str]:
        """One stack by the engine."""

        def act(work: Work) -> str:
            result = self.session.engine.up(
                self.session.stack(name), overrides=self.session.overrides(name, api.refs()), report=work.report
            )
            self.changed += result.changed
            return f"{result.changed} changed, {result.counts['unchanged']} unchanged"

        return act

    def expose(self, _: Work) -> str:
        """The page on this machine's loopback."""
        self.session.cluster.expose(*SERVICE, self.session.options.port)
        return self.session.options.url

    def answer(self, work: Work) -> str:
        """The service says it is ready."""
        return wait_until_ready(f"{self.session.options.url}readyz", report=work.report, deadline=ANSWER_DEADLINE)

    def plan(self) -> tuple[Step, ...]:
        """The steps for our own cluster, or fewer for one that is there already."""
        of_stacks = tuple(self._image(name, "preflight") for name in APP_IMAGES)
        ready = ("cluster",) if self.session.options.embedded else ("preflight",)
        loaded = (*ready, *(step.name for step in of_stacks))
        foundation, data, delivery = STACKS
        return (
            Step(name="preflight", action=self.preflight, deadline=60),
            *(self._node() if self.session.options.embedded else ()),
            *of_stacks,
            Step(name="load", action=self.load, deadline=10 * 60, needs=loaded),
            Step(name=foundation, action=self.stack(foundation), deadline=5 * 60, needs=ready),
            Step(name=data, action=self.stack(data), deadline=15 * 60, needs=(foundation, "load")),
            Step(name=delivery, action=self.stack(delivery), deadline=20 * 60, needs=(data,)),
            Step(name="expose", action=self.expose, deadline=60, needs=(delivery,)),
            Step(name="answer", action=self.answer, deadline=ANSWER_DEADLINE + 10, needs=("expose",)),
        )

    def _node(self) -> tuple[Step, ...]:
        on_node = tuple(self._image(name, "tools") for name in NODE_IMAGES)
        return (
            Step(name="tools", action=self.tools, deadline=40 * 60, needs=("preflight",)),
            *on_node,
            Step(name="cluster", action=self.cluster, deadline=10 * 60, needs=tuple(step.name for step in on_node)),
        )

    def _image(self, name: str, needs: str) -> Step:
        return Step(name=f"image {name}", action=self.image(name), deadline=40 * 60, needs=(needs,))


def plan(session: Session) -> tuple[Step, ...]:
    """The steps of `up`."""
    return _Up(session).plan()


def run(session: Session) -> None:
    """Everything `make up` does; prints URL, credentials and what to do next."""
    session.require_permission()
    confirm_context(session, verb="apply the stacks to")
    with session.locked("up"):
        session.logs.mkdir(parents=True, exist_ok=True)
        up = _Up(session)
        with views.viewer(as_json=session.options.json) as viewer:
            steps.execute(up.plan(), viewer=viewer, logs=session.logs, timings=session.timings)
    welcome.show(session, changed=up.changed)


def wait_until_ready(url: str, *, report: Callable[..., None], deadline: float) -> str:
    """Ask until the answer is 200; the last answer is part of the failure."""
    until = time.monotonic() + deadline
    last = ""
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - http on loopback, built here
                if answer.status == HTTPStatus.OK:
                    return ""
        except urllib.error.HTTPError as error:
            last = f"{error.code} {error.read(300).decode(errors='replace')}"
        except OSError as error:
            last = str(error)
        report(f"{url} says: {last}")
        time.sleep(1)
    raise SlipwayError(
        f"{url} did not answer 200 within {deadline:.0f} s; last: {last}", hint="make doctor", code=Exit.DEADLINE
    )
