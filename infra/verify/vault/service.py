"""The service on loopback with its secrets from a real Vault: PostgreSQL, Redis, the chart's agents, its commands."""

import os
import secrets
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from infra.lib import gotool
from infra.lib.paths import REPOSITORY
from infra.lib.report import silent
from infra.verify.ports import free_port
from infra.verify.todo_api import TodoApi
from infra.verify.vault.stand import Stand, account_of, stand

APP, CHART = REPOSITORY / "app", REPOSITORY / "charts" / "todo-app"
# As the chart's agents write for the pods.
FILES, TOKEN = "/run/secrets/todo-app", "/run/vault-token/token"
READY = 180.0  # seconds; a few are usual
VALUES: dict[str, Any] = {
    "image": {"reference": "slipway.local/todo-app:0123456789ab"},
    "vault": {"enabled": True, "image": "slipway.local/vault:0123456789ab"},
    "networkPolicy": {"vault": {"enabled": True}},
}


@cache
def agent_files() -> dict[str, str]:
    """What the chart's config maps say to each component's agent."""
    node = gotool.ensure("node", report=silent, log=Path(tempfile.gettempdir()) / "slipway-helm-build.log")
    command = [str(node), "helm", "template", "todo-app", str(CHART), "--namespace", "todo", "--values", "-"]
    done = subprocess.run(command, input=yaml.safe_dump(VALUES), capture_output=True, text=True, check=True, timeout=60)
    found: dict[str, str] = {}
    for manifest in yaml.safe_load_all(done.stdout):
        if manifest and manifest["kind"] == "ConfigMap":
            files = {name: text for name, text in manifest["data"].items() if name.endswith(".hcl")}
            found |= {name.removesuffix(".hcl"): text for name, text in files.items()}
    return found


@dataclass
class Service:
    """Where it is, and its processes by the names of pods."""

    stand: Stand
    folder: Path
    redis_port: int
    port: int = field(default_factory=free_port)
    parts: dict[str, ExitStack] = field(default_factory=dict)
    agents: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Of the web process."""
        return f"http://127.0.0.1:{self.port}"

    def secrets(self, name: str) -> Path:
        """Where a component's agent writes."""
        return self.folder / name

    def login(self, name: str) -> tuple[str, str]:
        """The user of the database a component has now, and its password."""
        user, _, password = (self.secrets(name) / "database-login").read_text(encoding="utf-8").partition("\n")
        return user, password

    @contextmanager
    def agent(self, name: str) -> Iterator[None]:
        """Beside a component, ready when its files are there; ended as a pod's is."""
        out, token = self.secrets(name), self.folder / f"{name}.token"
        out.mkdir()
        token.write_text(self.stand.cluster.token(*account_of(name)), encoding="ascii")
        text = agent_files()[name].replace(FILES, str(out)).replace(TOKEN, str(token))
        config = self.folder / f"{name}.hcl"
        config.write_text(text, encoding="utf-8")
        program = gotool.ensure("vault", report=silent, log=self.folder / "build.log")
        env = {"VAULT_ADDR": self.stand.client.url, "HOME": str(out), "PATH": os.environ["PATH"]}
        with self._process([str(program), "agent", f"-config={config}"], env=env, log=f"{name}-agent") as process:
            self.agents.append(process)
            awaited = [out / each for each in ("database-login", "django-secret-key", "redis-password")]
            _until(lambda: all(file.exists() and file.stat().st_size for file in awaited), f"files for {name}")
            yield

    @contextmanager
    def running(self, name: str, **more: str) -> Iterator[subprocess.Popen[bytes]]:
        """One command of the image."""
        clean = {key: value for key, value in os.environ.items() if not key.startswith(("TODO_", "DJANGO_"))}
        env = {**clean, **self._environment(name), **more}
        with self._process([sys.executable, str(APP / "entrypoint"), name], env=env, log=name) as process:
            yield process

    def _environment(self, name: str) -> dict[str, str]:
        return {
            "TODO_ENVIRONMENT": "local",
            "TODO_PUBLIC_URL": self.url,
            "TODO_ALLOWED_HOSTS": "127.0.0.1,localhost",
            "TODO_DATABASE_HOST": "127.0.0.1",
            "TODO_DATABASE_PORT": str(self.stand.database.port),
            "TODO_REDIS_HOST": "127.0.0.1",
            "TODO_REDIS_PORT": str(self.redis_port),
            "TODO_SECRETS_DIR": str(self.secrets(name)),
            "TODO_WEB_PORT": str(self.port),
            "TODO_METRICS_PORT": str(free_port()),
            "TODO_RELAY_FOLDER": str(self.folder / "events"),
            "TODO_LOG_LEVEL": "warning",
            "TMPDIR": str(self.folder),
        }

    @contextmanager
    def _process(self, command: list[str], *, env: dict[str, str], log: str) -> Iterator[subprocess.Popen[bytes]]:
        with (self.folder / f"{log}.log").open("ab") as output:
            process = subprocess.Popen(
                ["setpriv", "--pdeathsig=TERM", *command], env=env, stdout=output, stderr=output, cwd=APP
            )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(40)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)

    def start(self, name: str) -> None:
        """A pod: the agent, then the component."""
        self.parts[name] = ExitStack()
        self.parts[name].enter_context(self.agent(name))
        self.parts[name].enter_context(self.running(name))

    def stop(self, name: str) -> None:
        """The component, then the agent, as a pod ends."""
        self.parts.pop(name, ExitStack()).close()

    def log(self, name: str) -> str:
        """What a process wrote."""
        return (self.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    def migrate(self) -> None:
        """As the Job does, with an agent of its own that ends with it."""
        with self.agent("migrate"), self.running("migrate") as process:
            if process.wait(READY) != 0:
                raise RuntimeError(f"migrate ended with {process.returncode}: {self.log('migrate')[-2000:]}")

    def ready(self) -> bool:
        """Whether the web process answers."""
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=5) as answer:  # noqa: S310 - loopback
                return bool(answer.status == 200)
        except (OSError, urllib.error.HTTPError):
            return False

    def sign_in(self, password: str) -> TodoApi:
        """As the first administrator."""
        return TodoApi.sign_in(self.url, username="admin", password=password)


@contextmanager
def service(folder: Path, *, ttl: int, defect: str = "") -> Iterator[tuple[Service, TodoApi]]:
    """Web and relay at work, each login of theirs living `ttl` seconds; PostgreSQL's user must reach `folder`.

    With the defect "agent-ended" nobody writes the next login once the service is ready.
    """
    with ExitStack() as stack:
        made = stack.enter_context(stand(folder))
        made.database.run("DROP TABLE todos_todo, outbox_event, outbox_lease")  # the stand's stand-ins for ours
        words = {name: secrets.token_urlsafe(24) for name in ("django-secret-key", "redis-password", "admin-password")}
        redis = stack.enter_context(_redis(folder, words["redis-password"]))
        common = {name: words[name] for name in ("django-secret-key", "redis-password")}
        made.client.write_data("secret/data/todo-app/common", data={"data": common})
        made.client.write_data(
            "secret/data/todo-app/migrate", data={"data": {"admin-password": words["admin-password"]}}
        )
        Service(made, folder, redis).migrate()
        for name in ("web", "relay"):
            made.client.write_data(f"database/roles/{name}", data={"default_ttl": ttl, "max_ttl": ttl})
        one = Service(made, folder, redis)
        for name in ("web", "relay"):
            stack.callback(one.stop, name)
            one.start(name)
        _until(one.ready, "web")
        api = one.sign_in(words["admin-password"])
        for process in one.agents if defect == "agent-ended" else ():
            process.terminate()
        yield one, api


@contextmanager
def _redis(folder: Path, password: str) -> Iterator[int]:
    port, config = free_port(), folder / "redis.conf"
    config.write_text(f'bind 127.0.0.1\nport {port}\nsave ""\ndir {folder}\nrequirepass {password}\n', encoding="utf-8")
    with (folder / "redis.log").open("wb") as log:
        process = subprocess.Popen(["setpriv", "--pdeathsig=TERM", "redis-server", str(config)], stdout=log, stderr=log)
    try:
        yield port
    finally:
        process.terminate()
        process.wait(10)


def _until(done: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + READY
    while not done():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what}: not there after {READY:.0f} s")
        time.sleep(0.1)
