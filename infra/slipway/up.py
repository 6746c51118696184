"""`up`: from whatever state to a service that answers; running it again changes nothing."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path

from infra.images import api
from infra.lib import gotool
from infra.lib.errors import Exit, SlipwayError
from infra.slipway import front, power, preflight, profile, steps, views, welcome
from infra.slipway.confirm import confirm_context
from infra.slipway.front import Door
from infra.slipway.plan import Step, Work
from infra.slipway.power import NODE_IMAGES
from infra.slipway.session import STACKS, Session

Action = Callable[[Work], str]
ANSWER_DEADLINE = 120.0


@dataclass
class _Up:
    """What one run finds out and later steps need.

    `references` are those of the archives that were built, so an edit during the run changes nothing in it.
    """

    session: Session
    running: bool
    archives: dict[str, Path] = field(default_factory=dict)
    references: dict[str, str] = field(default_factory=dict)
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
            reference = api.refs()[name]
            archive = api.ensure([name], report=work.report, log_dir=work.log.parent)[name]
            if api.refs()[name] != reference:
                raise SlipwayError(f"the sources of image {name} changed while it was built", hint="make up")
            self.archives[reference] = archive
            self.references[name] = reference
            return f"{archive.stat().st_size / 1e6:.0f} MB"

        return act

    def cluster(self, work: Work) -> str:
        """A node that is ready."""
        return power.bring_up(self.session, work)

    def load(self, work: Work) -> str:
        """The stacks' images on the node."""
        wanted = {self.references[name] for name in self.session.images}
        self.session.cluster.load_images({key: self.archives[key] for key in wanted}, work.report)
        return f"{len(wanted)} images"

    def unseal(self, work: Work) -> str:
        """On a node of our own: the Vault that unseals the cluster's."""
        self.session.cluster.unseal(work.report, wanted=True)
        return "ready" if self.session.ours else "a key service does it"

    def stack(self, name: str) -> Callable[[Work], str]:
        """One stack by the engine."""

        def act(work: Work) -> str:
            result = self.session.engine.up(
                self.session.stack(name), overrides=self.session.overrides(name, self.references), report=work.report
            )
            self.changed += result.changed
            return f"{result.changed} changed, {result.counts['unchanged']} unchanged"

        return act

    def last(self, work: Work) -> str:
        """The app; then what an earlier run with a larger profile left goes, as nothing uses it any more."""
        note = self.stack(self.session.stacks[-1])(work)
        for name in reversed(STACKS):
            if name not in self.session.stacks:
                gone = self.session.engine.down(self.session.stack(name), report=work.report).changed
                self.changed += gone
                note += f", {gone} of {name} deleted" if gone else ""
                self.session.cluster.unseal(work.report, wanted=False)
        return note

    def expose(self, _: Work) -> str:
        """The page on this machine's loopback."""
        self.session.cluster.expose(*front.target(self.session), self.session.options.port)
        return self.session.options.url

    def answer(self, work: Work) -> str:
        """The service says it is ready."""
        return wait_until_ready(lambda: front.door(self.session), report=work.report, deadline=ANSWER_DEADLINE)

    def engine(self, _: Work) -> str:
        """The engine's process, warm before the first stack."""
        return self.session.engine.name

    def plan(self) -> tuple[Step, ...]:
        """The steps for our own cluster, or fewer for one that is there already."""
        cached = frozenset(row.name for row in api.status(datetime.now(UTC)) if row.cached)
        of_stacks = tuple(self._image(name, "preflight", cached) for name in self.session.images)
        ready = ("cluster",) if self.session.options.embedded else ("preflight",)
        loaded = (*ready, *(step.name for step in of_stacks))
        foundation, *between, delivery = self.session.stacks
        vault = "platform" in between
        before: tuple[str, ...] = (foundation, "load", *(("unseal",) if vault else ()))
        planned = []
        for name in between:  # one after the other: an engine does one stack at a time
            planned.append(self._again(name, self.stack(name), 15 * 60, before))
            before = (name,)
        return (
            Step(name="preflight", action=self.preflight, deadline=60),
            *(self._node(cached) if self.session.options.embedded else ()),
            *of_stacks,
            Step(name="engine", action=self.engine, deadline=60, needs=("preflight",)),
            self._again("load", self.load, 10 * 60, loaded),
            self._again(foundation, self.stack(foundation), 5 * 60, (*ready, "engine")),
            *((self._again("unseal", self.unseal, 150, loaded),) if vault else ()),
            *planned,
            self._again(delivery, self.last, 20 * 60, before),
            self._again("expose", self.expose, 60, (delivery,)),
            self._again("answer", self.answer, ANSWER_DEADLINE + 10, ("expose",)),
        )

    def _node(self, cached: frozenset[str]) -> tuple[Step, ...]:
        on_node = tuple(self._image(name, "tools", cached) for name in NODE_IMAGES)
        built = "tools cached" if gotool.path_of("node").is_file() else ""
        return (
            Step(name="tools", action=self.tools, deadline=40 * 60, needs=("preflight",), timed_as=built),
            *on_node,
            self._again("cluster", self.cluster, 10 * 60, tuple(step.name for step in on_node)),
        )

    def _image(self, name: str, needs: str, cached: frozenset[str]) -> Step:
        step = f"image {name}"
        timed_as = f"{step} cached" if name in cached else ""
        return Step(name=step, action=self.image(name), deadline=40 * 60, needs=(needs,), timed_as=timed_as)

    def _again(self, name: str, action: Action, deadline: float, needs: tuple[str, ...]) -> Step:
        """A step that takes long on an empty cluster and next to nothing on one that is as it should be."""
        timed_as = f"{name} again" if self.running else ""
        return Step(name=name, action=action, deadline=deadline, needs=needs, timed_as=timed_as)


def plan(session: Session) -> tuple[Step, ...]:
    """The steps of `up`."""
    return _Up(session, session.cluster.running()).plan()


def run(session: Session) -> None:
    """Everything `make up` does; prints URL, credentials and what to do next."""
    session.require_permission()
    preflight.settings(session, api.refs())
    profile.require_known(session)
    confirm_context(session, verb="apply the stacks to")
    with session.locked("up"):
        session.logs.mkdir(parents=True, exist_ok=True)
        profile.remember(session.options)
        if session.options.profile_known and not session.options.json:
            views.console().print(f"profile {session.options.profile}, as before; PROFILE=… make up changes it")
        up = _Up(session, session.cluster.running())
        with views.viewer(as_json=session.options.json) as viewer:
            steps.execute(up.plan(), viewer=viewer, logs=session.logs, timings=session.timings)
    welcome.show(session, changed=up.changed)


def wait_until_ready(door: Callable[[], Door], *, report: Callable[..., None], deadline: float) -> str:
    """Ask until the answer is 200; the last answer is part of the failure. The certificate may come meanwhile."""
    until = time.monotonic() + deadline
    last = url = ""
    while time.monotonic() < until:
        try:
            found = door()
            url = f"{found.url}readyz"
            status, body = found.ask("/readyz", patience=5)
            if status == HTTPStatus.OK:
                return ""
            last = f"{status} {body}"
        except OSError as error:
            last = str(error)
        report(f"{url} says: {last}")
        time.sleep(1)
    raise SlipwayError(
        f"{url} did not answer 200 within {deadline:.0f} s; last: {last}", hint="make doctor", code=Exit.DEADLINE
    )
