"""What each tier consists of. A part is a command; a tier is green when all its parts are."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "out" / "ci"
BIN = ROOT / ".venv" / "bin"
UNIT = "not integration and not e2e"
NOTHING_COLLECTED = 5  # pytest's exit code


@dataclass(frozen=True, kw_only=True)
class Part:
    """One command of a tier; `missing` says why it cannot run here or has no subject, "" when it can.

    `first` is over before the others begin: what they would else wait for, within a test's own time.
    """

    name: str
    command: tuple[str, ...]
    cwd: Path = ROOT
    junit: Path | None = None
    missing: Callable[[], str] = lambda: ""
    first: bool = False


def built(tool: str) -> Part:
    """A program that tests use, built from its Go modules: minutes on an empty cache, nothing on a full one."""
    return Part(name=f"build {tool}", command=(str(BIN / "python"), "-m", "ci.tools", tool), first=True)


def pytest(name: str, *arguments: str, cwd: Path = ROOT, missing: Callable[[], str] = lambda: "") -> Part:
    """A pytest run that leaves its counts in a file."""
    junit = OUT / f"{name.replace(' ', '-')}.xml"
    command = (str(BIN / "python"), "-m", "pytest", "-q", f"--junitxml={junit}", *arguments)
    return Part(name=name, command=command, cwd=cwd, junit=junit, missing=missing)


def absent(path: str, what: str) -> Callable[[], str]:
    """Not run while the subject does not exist."""
    return lambda: "" if (ROOT / path).exists() else f"{what} yet"


def not_root() -> str:
    """Why the embedded cluster cannot be started, "" when it can."""
    return "" if os.geteuid() == 0 else "needs root: the embedded cluster makes namespaces and mounts"


def no_database() -> str:
    """Why the integration tests cannot run, "" when they can."""
    programs = {"redis-server": shutil.which("redis-server"), "postgres": _postgres()}
    lacking = [name for name, found in programs.items() if not found]
    return f"not installed: {', '.join(lacking)}" if lacking else ""


def _postgres() -> str | None:
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    return str(installed[-1]) if installed else shutil.which("postgres")


LINT = (
    Part(name="lint", command=(str(BIN / "ruff"), "check", ".")),
    Part(name="format", command=(str(BIN / "ruff"), "format", "--check", ".")),
    Part(name="types", command=(str(BIN / "mypy"), "infra", "load", "ci")),
    Part(name="types app", command=(str(BIN / "mypy"), "."), cwd=ROOT / "app"),
    Part(name="imports", command=(str(BIN / "lint-imports"), "--no-cache")),
    Part(name="imports app", command=(str(BIN / "lint-imports"), "--no-cache"), cwd=ROOT / "app"),
    Part(name="yaml", command=(str(BIN / "yamllint"), "--strict", ".")),
)
# The longest first, so that the cores are busy to the end.
CHECK = (
    built("node"),
    built("gatekeeper"),
    pytest("unit policies", "-m", UNIT, "infra/tests/policies"),
    pytest("unit", "-m", UNIT, "--ignore=infra/tests/house", "--ignore=infra/tests/policies"),
    pytest("unit app", "-m", "not integration", cwd=ROOT / "app"),
    Part(
        name="charts", command=(str(BIN / "python"), "-m", "ci.charts"), missing=absent("charts/todo-app", "no chart")
    ),
    Part(name="stacks", command=(str(BIN / "python"), "-m", "ci.stacks")),
    Part(name="policies", command=(str(BIN / "python"), "-m", "ci.policies")),
    *LINT,
    pytest("house", "infra/tests/house"),
)
INTEGRATION = (
    built("node"),
    built("vault"),
    pytest("integration app", "-m", "integration", "--ignore=tests/faults", cwd=ROOT / "app", missing=no_database),
    pytest("integration faults", "-m", "integration", "tests/faults", cwd=ROOT / "app", missing=no_database),
    pytest("integration", "-m", "integration", missing=no_database),
)
E2E = (
    Part(
        name="images",
        command=("env", "PROFILE=full", str(BIN / "python"), "-m", "infra.slipway", "images", "--build"),
        missing=not_root,
        first=True,
    ),
    pytest("e2e platform", "-m", "e2e and platform", "--timeout=1500", missing=not_root),
    pytest("e2e", "-m", "e2e and not platform", "--timeout=1500", missing=not_root),
)

TIERS: dict[str, tuple[Part, ...]] = {"lint": LINT, "check": CHECK, "integration": INTEGRATION, "e2e": E2E}
# Parts of this tier have an instance each, most of whose time is waiting: side by side where there is room for both.
ROOM = {"e2e": 8 * 1024**3}  # bytes


def at_once(tier: str) -> int:
    """How many parts of a tier run side by side: one for each core, and a single one where memory is short."""
    if psutil.virtual_memory().available < ROOM.get(tier, 0):
        return 1
    return os.cpu_count() or 1
