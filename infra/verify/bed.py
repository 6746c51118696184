"""An instance driven from outside, as its user drives it: the front door as a process, the API over HTTP."""

import contextlib
import json
import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from infra.cluster import select
from infra.lib import gotool
from infra.lib.paths import REPOSITORY, Instance, kubectl_homes
from infra.slipway import front
from infra.verify.audit import AuditLog
from infra.verify.todo_api import TodoApi

# What the caller's own choice must not leak into an instance of ours.
OWN_VARIABLES = ("CLUSTER", "PROFILE", "ENGINE", "ENV", "SLIPWAY_INSTANCE", "SLIPWAY_PORT", "KUBECONFIG")
UP_DEADLINE = 15 * 60.0
# A second web pod: what `up` takes as a change.
TWO_PODS = ("--set", "delivery.web_replicas=2", "--set", "delivery.web_replicas_max=2")


class BedError(AssertionError):
    """The instance did not do what a test needs before it can begin, or what it promises."""


@dataclass(frozen=True, kw_only=True)
class Done:
    """A front-door call that ended: `code`, its output, `seconds` of wall time."""

    code: int
    out: str
    err: str
    seconds: float

    @property
    def text(self) -> str:
        """What went wrong, for a message: of JSON lines the failures and errors, else the end of both outputs."""
        lines = self.out.splitlines()
        bad = [line for line in lines if '"event": "error"' in line or '"event": "failed"' in line]
        shown = "\n".join(bad or lines)
        return f"exit {self.code} after {self.seconds:.1f} s\n{shown[-3000:]}\n{self.err[-3000:]}"

    def result(self) -> dict[str, Any]:
        """The last JSON line, of a call with `--json`."""
        lines = [line for line in self.out.splitlines() if line.startswith("{")]
        return dict(json.loads(lines[-1])) if lines else {}


@dataclass(frozen=True)
class Bed:
    """Instance `name` with its page on `port`. `checkout` is the code that runs; `env` adds to the environment."""

    name: str
    port: int
    checkout: Path = REPOSITORY
    env: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def instance(self) -> Instance:
        """Its paths."""
        return Instance.named(self.name)

    @property
    def url(self) -> str:
        """Where its page is: as it is served now, or as its profile has it."""
        exposed = select("embedded", self.instance).info().exposed.get(self.port)
        secure = front.is_secure(exposed) if exposed else self.env.get("PROFILE", "mini") != "mini"
        return f"{'https' if secure else 'http'}://127.0.0.1:{self.port}"

    def authority(self) -> str:
        """Who signed its page's certificate, as PEM, by the front door's own command."""
        done = self.call("ca", deadline=60)
        if done.code != 0:
            raise BedError(f"ca of {self.name}: {done.text}")
        return done.out

    @property
    def tls(self) -> ssl.SSLContext | None:
        """What a client of its page trusts: its own authority and no other; None without TLS."""
        return ssl.create_default_context(cadata=self.authority()) if self.url.startswith("https") else None

    @property
    def audit(self) -> AuditLog:
        """What was written to its API server."""
        return AuditLog(self.instance.logs / "audit.log")

    def variables(self, env: Mapping[str, str] | None = None) -> dict[str, str]:
        """The environment of a call."""
        base = {name: value for name, value in os.environ.items() if name not in OWN_VARIABLES}
        own = {"SLIPWAY_INSTANCE": self.name, "SLIPWAY_PORT": str(self.port), "PYTHONPATH": str(self.checkout)}
        return {**base, **own, **self.env, **(env or {})}

    def start(self, *words: str, env: Mapping[str, str] | None = None, via: str = "") -> subprocess.Popen[str]:
        """Begin a front-door call in a process group of its own. `via` names a seeded defect."""
        program = ["-m", "infra.verify.defects", via] if via else ["-m", "infra.slipway"]
        return subprocess.Popen(
            [sys.executable, *program, *words],
            cwd=self.checkout,
            env=self.variables(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def call(
        self, *words: str, env: Mapping[str, str] | None = None, deadline: float = UP_DEADLINE, via: str = ""
    ) -> Done:
        """A front-door call to its end; one that outlives `deadline` seconds is killed and its code is -9."""
        begin = time.monotonic()
        child = self.start(*words, env=env, via=via)
        try:
            out, err = child.communicate(timeout=deadline)
        except subprocess.TimeoutExpired:
            kill_group(child)
            out, err = child.communicate()
        except BaseException:
            kill_group(child)
            raise
        return Done(code=child.returncode, out=out, err=err, seconds=time.monotonic() - begin)

    def up(self, *words: str, via: str = "", env: Mapping[str, str] | None = None) -> Done:
        """`up` that must succeed."""
        done = self.call("up", "--json", "--yes", *words, via=via, env=env)
        if done.code != 0:
            raise BedError(f"up of {self.name}: {done.text}")
        return done

    def down(self) -> Done:
        """`down` that must succeed."""
        done = self.call("down", "--yes", deadline=180)
        if done.code != 0:
            raise BedError(f"down of {self.name}: {done.text}")
        return done

    def kubectl(self, *words: str, deadline: float = 60.0, check: bool = True, given: str = "") -> str:
        """Standard output of kubectl as user `slipway`; `given` is its standard input."""
        done = subprocess.run(
            [gotool.path_of("node"), "kubectl", f"--kubeconfig={self.instance.kubeconfig}", *words],
            capture_output=True,
            text=True,
            timeout=deadline,
            check=False,
            input=given,
            env={**os.environ, **kubectl_homes()},
        )
        if check and done.returncode != 0:
            raise BedError(f"kubectl {' '.join(words)}: {done.stderr.strip()}")
        return done.stdout

    def objects(self, *words: str) -> list[dict[str, Any]]:
        """`kubectl get <words>` as objects."""
        return list(json.loads(self.kubectl("get", *words, "-o", "json"))["items"])

    def password(self, user: str) -> str:
        """The password of `admin` or `demo`, from the cluster."""
        template = f'{{{{index .data "{user}-password" | base64decode}}}}'
        return self.kubectl("-n", "todo", "get", "secret", "todo-app", "-o", f"go-template={template}")

    def api(self, user: str = "demo") -> TodoApi:
        """The service's API, signed in."""
        return TodoApi.sign_in(self.url, username=user, password=self.password(user), tls=self.tls)

    def unhealthy(self) -> list[str]:
        """Pods that neither finished nor run with every container ready, with the reason."""
        return [reason for pod in self.objects("pods", "-A") if (reason := _sick(pod))]

    def wait(self, what: str, true: Callable[[], bool], *, deadline: float, every: float = 0.5) -> float:
        """Seconds until `true()`; BedError naming `what` after `deadline`. A refused connection counts as not yet."""
        begin = time.monotonic()
        while time.monotonic() - begin < deadline:
            with contextlib.suppress(OSError, BedError):
                if true():
                    return time.monotonic() - begin
            time.sleep(every)
        raise BedError(f"{what}: not within {deadline:.0f} s")

    @contextlib.contextmanager
    def running(self) -> Iterator["Bed"]:
        """Up for the block, down after it however it ends."""
        try:
            self.up()
            yield self
        finally:
            self.call("down", "--yes", deadline=180)


def kill_group(child: subprocess.Popen[str]) -> None:
    """`kill -9` of a call and its helpers; what daemonised itself lives on."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)


def _sick(pod: dict[str, Any]) -> str:
    status = pod["status"]
    name = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
    if status.get("phase") == "Succeeded":
        return ""
    ready = [container["ready"] for container in status.get("containerStatuses", [])]
    if status.get("phase") == "Running" and ready and all(ready):
        return ""
    return (
        f"{name}: {status.get('phase')} {status.get('reason', '')} ready {sum(ready)}/{len(pod['spec']['containers'])}"
    )
