"""Process 1 of an instance: starts the components in order, restarts what dies, ends everything in order.

Only the standard library is imported, so that it stays small (it lives as long as the cluster).
SIGTERM or SIGINT: orderly stop. SIGHUP: read the list of forwarded ports again. Run as
`python -S -m infra.cluster.embedded.supervisor PLAN`, in fresh namespaces (see `plan.supervisor_command`).
"""

import contextlib
import json
import os
import select
import signal
import sys
import time
from pathlib import Path
from typing import Any

from infra.cluster.embedded import cgroups, gate, kernel, namespace, shutdown
from infra.cluster.embedded.child import Child

TICK_BUSY, TICK_QUIET, LOG_CHECK = 0.2, 5.0, 30.0


class Supervisor:
    """The loop. One thread; every wait has an end."""

    def __init__(self, plan: dict[str, Any], *, host_pid: int, networks: tuple[int, int] | None) -> None:
        self.plan = plan
        self.used = cgroups.hierarchies()
        self.host_pid = host_pid
        self.networks = networks
        self.children = {entry["name"]: self._child(entry) for entry in plan["components"]}
        self._extras: set[str] = set()
        self.stopping = False
        self.started = time.time()
        self._written = ""
        self._logs_checked = 0.0
        self._restart = bool(plan.get("restart", True))
        self._wake_read, wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, self._note)
        self._reload = True

    def run(self) -> None:
        """Until told to stop."""
        while not self.stopping:
            self.reap()
            if self._reload:
                self._reload = False
                self.read_forwards()
                self.read_extras()
            now = time.monotonic()
            for child in self.children.values():
                self.advance(child, now=now)
            self.write_status()
            self.bound_logs(now=now)
            self._sleep()
        shutdown.run(self)
        self.write_status()

    def advance(self, child: Child, *, now: float) -> None:
        """Start what may start: everything it comes after is running, its pause is over."""
        waits = child.state == "waiting" or (child.state == "backoff" and self._restart and now >= child.next_start)
        if not waits:
            return
        if any(self.children[name].state != "running" for name in child.after if child.restarts == 0):
            return
        if child.listen and child.listener is None and not self._open(child, now=now):
            return
        child.spawn(self.used, now=now)
        if child.probe:
            child.gate = gate.wait_in_child(child.probe, authority=Path(self.plan["state"]) / "pki/ca.crt")

    def reap(self) -> None:
        """Take note of every ended process: components, gates, and orphans of anybody."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            for child in self.children.values():
                if pid == child.pid:
                    child.ended(status, now=time.monotonic(), last=self.stopping)
                    _say(f"{child.name}: {child.message}")
                elif pid == child.gate:
                    child.gate = 0
                    self._gate_passed(child, passed=status == 0)

    def read_forwards(self) -> None:
        """Make the forwarders those of the forwards file: port on the host → target."""
        wanted: dict[str, str] = {}
        with contextlib.suppress(OSError, ValueError):
            wanted = json.loads(Path(self.plan["forwards"]).read_text(encoding="utf-8"))
        names = {f"forward-{port}": (int(port), target) for port, target in wanted.items()}
        for name in [n for n, c in self.children.items() if c.listen and names.get(n, (0, ""))[1] != c.command[-1]]:
            child = self.children.pop(name)
            child.signal(signal.SIGTERM)
            if child.listener is not None:
                os.close(child.listener)
        for name, (port, target) in names.items():
            if name not in self.children:
                entry = {"name": name, "command": ["forward", "--target", target], "program": self.plan["forward"]}
                self.children[name] = self._child({**entry, "after": ["kube-proxy"], "listen": ("127.0.0.1", port)})

    def read_extras(self) -> None:
        """Make the processes beside the plan's those of the extras file."""
        wanted: list[dict[str, Any]] = []
        with contextlib.suppress(OSError, ValueError):
            wanted = json.loads(Path(self.plan["extras"]).read_text(encoding="utf-8"))
        names = {entry["name"] for entry in wanted}
        for name in self._extras - names:
            self.children.pop(name).signal(signal.SIGTERM)
        for entry in wanted:
            if entry["name"] not in self._extras:
                cgroups.create(self.used, f"system/{entry['name']}")
                self.children[entry["name"]] = self._child(entry)
        self._extras = names

    def write_status(self) -> None:
        """Replace the status file when something changed."""
        children = [child.public() for child in self.children.values()]
        content = {"version": self.plan["version"], "pid": self.host_pid, "since": self.started}
        text = json.dumps({**content, "stopping": self.stopping, "components": children}, indent=1)
        if text == self._written:
            return
        file = Path(self.plan["run"]) / "status.json"
        temporary = file.with_suffix(".new")
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(file)
        self._written = text

    def bound_logs(self, *, now: float) -> None:
        """Look at the size of the logs now and then."""
        if now - self._logs_checked > LOG_CHECK:
            self._logs_checked = now
            for child in self.children.values():
                child.bound_log()

    def _child(self, entry: dict[str, Any]) -> Child:
        name = entry["name"]
        group = "forward" if entry.get("listen") else name
        listen = entry.get("listen")
        return Child(
            name=name,
            command=entry["command"],
            program=Path(entry["program"]),
            cgroup=f"system/{group}",
            log=Path(self.plan["logs"]) / f"{name}.log",
            probe=entry.get("probe", ""),
            after=tuple(entry.get("after", ())),
            env=entry.get("env", {}),
            listen=(listen[0], listen[1]) if listen else None,
        )

    def _open(self, child: Child, *, now: float) -> bool:
        """Open the forwarder's socket on the host; it stays open here, so a restart refuses no connection."""
        if self.networks is None or child.listen is None:
            return False
        address, port = child.listen
        try:
            listener = kernel.listen_in(*self.networks, address=address, port=port)
        except OSError as error:
            child.restarts += 1
            child.next_start = now + child.pause
            child.pause = min(child.pause * 2, 5.0)
            child.enter("backoff", f"cannot listen on {address}:{port}: {error.strerror}")
            return False
        child.listener = listener.detach()
        return True

    def _gate_passed(self, child: Child, *, passed: bool) -> None:
        if child.state != "starting":
            return
        if passed:
            child.enter("running")
            _say(f"{child.name}: running after {time.monotonic() - child.started:.1f} s")
        else:
            _say(f"{child.name}: does not answer {child.probe}, start it again")
            child.message = f"did not answer {child.probe} within {gate.DEADLINE:.0f} s"
            child.signal(signal.SIGKILL)

    def _sleep(self) -> None:
        busy = any(child.state != "running" for child in self.children.values())
        select.select([self._wake_read], [], [], TICK_BUSY if busy else TICK_QUIET)
        with contextlib.suppress(BlockingIOError):
            os.read(self._wake_read, 4096)

    def _note(self, number: int, _frame: object) -> None:
        if number == signal.SIGHUP:
            self._reload = True
        elif number != signal.SIGCHLD:
            self.stopping = True


def _say(text: str) -> None:
    sys.stdout.write(f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} {text}\n")
    sys.stdout.flush()


def main(arguments: list[str]) -> int:
    """Enter the instance and run until stopped. The host's network namespace comes as an open descriptor."""
    plan = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    host_network = int(os.environ["SLIPWAY_HOST_NETWORK"])
    os.set_inheritable(host_network, False)  # noqa: FBT003 - takes no keyword
    # Before /proc is mounted anew it is the host's, and tells this process's id there.
    host_pid = int(Path("/proc/self").readlink().name)
    namespace.enter(plan, host_network=host_network)
    own_network = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    _say(f"instance {plan['instance']}: process {host_pid} of the host, plan {plan['version']}")
    os.umask(0o022)
    Supervisor(plan, host_pid=host_pid, networks=(host_network, own_network)).run()
    _say("stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
