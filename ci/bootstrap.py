"""Obtain what `make` needs and the machine lacks: Debian packages, uv, the Python environment.

Runs before anything is installed: standard library only, Python 3.11. Every command that changes the
machine is shown. Usage: bootstrap.py up|test
"""

import fcntl
import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ROOT / "ci" / "debian-packages.txt"
UV_PIN = ROOT / "ci" / "uv.txt"
UV_MINIMUM = (0, 11)
PYTHON_MINIMUM = (3, 11)
MISSING = 4  # infra.lib.errors.Exit.MISSING, which cannot be imported yet
# Packages may start services on installation; run level 1 keeps `invoke-rc.d` from doing so.
APT_ENVIRONMENT = {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
UV_ENVIRONMENT = {"UV_PYTHON_DOWNLOADS": "never", "UV_PYTHON_PREFERENCE": "system", "UV_SYSTEM_CERTS": "true"}


class CannotInstallError(Exception):
    """The machine lacks something and we may not or cannot install it."""


@dataclass(frozen=True)
class Package:
    """A Debian package, who needs it and what proves that it is there."""

    group: str
    name: str
    proof: str

    def present(self) -> bool:
        """Whether the proof is found; what put it there does not matter."""
        if self.proof.startswith("module:"):
            return importlib.util.find_spec(self.proof.removeprefix("module:")) is not None
        if self.proof.startswith("/"):
            return Path(self.proof).exists()
        # Administration programs live in sbin, which the PATH of plain users lacks.
        return shutil.which(self.proof, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") is not None


def packages(text: str) -> list[Package]:
    """The packages of the list; comments start with `#`."""
    lines = (line.split() for line in text.splitlines() if line.strip() and not line.startswith("#"))
    return [Package(*words) for words in lines]


def missing_packages(group: str) -> list[str]:
    """Names of the packages that `group` needs and that are not there; `test` needs those of `up` too."""
    groups = {"up", group}
    return [
        package.name for package in packages(PACKAGES.read_text()) if package.group in groups and not package.present()
    ]


def administrator() -> list[str] | None:
    """What to put before a command to run it as root: nothing, sudo, or None when there is no way."""
    if os.geteuid() == 0:
        return []
    if (sudo := shutil.which("sudo")) is None:
        return None
    asks_nothing = subprocess.run([sudo, "-n", "true"], capture_output=True, check=False).returncode == 0
    return [sudo] if asks_nothing or sys.stdin.isatty() else None


def install_packages(names: list[str]) -> None:
    """One apt-get call for all of `names`."""
    install = ["apt-get", "install", "-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=600", *names]
    prefix = administrator()
    if prefix is None or shutil.which("apt-get") is None:
        reason = (
            "this is no Debian machine" if shutil.which("apt-get") is None else "you are neither root nor may use sudo"
        )
        raise CannotInstallError(
            f"missing on this machine: {', '.join(names)} ({reason})\n"
            f"  next: as root, {' '.join(install[:4])} {' '.join(names)}\n"
            "  or:   get the same programs by other means; ci/debian-packages.txt says how each is recognised"
        )
    environment = [f"{name}={value}" for name, value in APT_ENVIRONMENT.items()]
    show([*prefix, "env", *environment, "apt-get", "update", "-q"], fatal=False)
    show([*prefix, "env", *environment, *install])


def uv(cache: Path) -> Path:
    """A uv that is new enough: the machine's own, else the pinned one in the cache."""
    own = cache / "tools" / "uv" / "bin" / "uv"
    if (found := shutil.which("uv")) and version(found) >= UV_MINIMUM:
        return Path(found)
    if own.is_file() and version(str(own)) >= UV_MINIMUM:
        return own
    home = own.parents[1]
    shutil.rmtree(home, ignore_errors=True)
    show(["/usr/bin/python3" if Path("/usr/bin/python3").exists() else sys.executable, "-m", "venv", str(home)])
    pip = [str(home / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install", "-q"]
    show([*pip, "--only-binary=:all:", "--require-hashes", "-r", str(UV_PIN)])
    return own


def version(program: str) -> tuple[int, ...]:
    """`uv 0.13.8 (…)` → (0, 13, 8); () when the program does not run (a pyenv shim without a uv behind it)."""
    try:
        done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False, timeout=30)
    except OSError:
        return ()
    found = re.match(r"uv (\d+)\.(\d+)\.(\d+)", done.stdout)
    return tuple(int(number) for number in found.groups()) if found and done.returncode == 0 else ()


def synchronise(program: Path, group: str) -> None:
    """Make .venv hold what the lock says; `up` leaves out the development tools, the app and the load generator."""
    # --inexact: `make up` after `make test` must not take the test tools away again.
    scope = ["--no-dev", "--inexact"] if group == "up" else ["--all-packages", "--all-groups"]
    show([str(program), "sync", "--frozen", "--quiet", *scope], environment=UV_ENVIRONMENT)


def show(command: list[str], *, environment: dict[str, str] | None = None, fatal: bool = True) -> None:
    """Print the command and run it in the checkout; end with its failure."""
    print(f"+ {shlex.join(command)}", flush=True)
    started = time.monotonic()
    defaults = {name: os.environ.get(name, value) for name, value in (environment or {}).items()}
    clean = {
        name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONHOME", "PYTHONPATH")
    }
    code = subprocess.run(command, cwd=ROOT, env={**clean, **defaults}, check=False).returncode
    took = time.monotonic() - started
    if code != 0 and fatal:
        raise CannotInstallError(
            f"`{shlex.join(command[:4])} …` ended with {code} after {took:.0f} s\n"
            "  next: read its message above, then run `make` again: what is done is kept"
        )
    if took > 2:
        print(f"  {took:.0f} s", flush=True)


@contextmanager
def alone(cache: Path) -> Iterator[None]:
    """Two `make` at once: the second waits for the first."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "bootstrap.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("another `make` is obtaining tools: waiting for it", flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def cache_dir() -> Path:
    """The same folder as infra.lib.paths.cache_dir."""
    if chosen := os.environ.get("SLIPWAY_CACHE"):
        return Path(chosen).resolve()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "slipway"


def main(arguments: list[str]) -> int:
    """Obtain what the group needs; 0, or 4 with one message."""
    if len(arguments) != 1 or arguments[0] not in ("up", "test"):
        print("usage: bootstrap.py up|test", file=sys.stderr)
        return 2
    group = arguments[0]
    if sys.version_info[:2] < PYTHON_MINIMUM:
        print(f"slipway: python3 is {sys.version.split()[0]}, want 3.11 or 3.12", file=sys.stderr)
        print("  next: apt-get install python3 (Debian 12 has 3.11)", file=sys.stderr)
        return MISSING
    try:
        with alone(cache_dir()):
            if names := missing_packages(group):
                install_packages(names)
            synchronise(uv(cache_dir()), group)
    except CannotInstallError as error:
        print(f"slipway: {error}", file=sys.stderr)
        return MISSING
    except OSError as error:
        print(f"slipway: {error}", file=sys.stderr)
        print("  next: make the folder writable, or choose another by SLIPWAY_CACHE", file=sys.stderr)
        return MISSING
    except KeyboardInterrupt:
        print("\nslipway: interrupted; run `make` again: what is done is kept", file=sys.stderr)
        return 130
    (ROOT / ".venv" / f".slipway-{group}").touch()
    (ROOT / ".venv" / ".slipway-up").touch()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
