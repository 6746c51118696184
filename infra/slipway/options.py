"""What the user chose, from options and environment variables, checked as a whole."""

import re
from dataclasses import dataclass
from pathlib import Path

from infra.lib.errors import Exit, SlipwayError
from infra.lib.paths import Instance, cache_dir

ENVIRONMENTS = ("local", "dev", "staging", "production")
ENGINES = ("auto", "pulumi", "direct")
PROFILES = ("mini", "standard", "full")
PORTS = range(1, 65536)


@dataclass(frozen=True, kw_only=True)
class Options:
    """A valid choice."""

    cluster: str
    profile: str
    engine: str
    environment: str
    instance: Instance
    port: int
    yes: bool = False
    json: bool = False
    profile_named: bool = False  # by the user, now
    profile_known: bool = False  # from the last `up`

    @property
    def embedded(self) -> bool:
        """Whether the cluster is one of our own."""
        return self.cluster == "embedded"

    @property
    def home(self) -> Path:
        """What is kept of the cluster; for one that is not ours we may not be root, so in the cache."""
        if self.embedded:
            return self.instance.state
        return cache_dir() / "contexts" / "".join(c if c.isalnum() else "-" for c in self.cluster)

    @property
    def url(self) -> str:
        """Where the page is, seen from this machine."""
        return f"{'http' if self.profile == 'mini' else 'https'}://127.0.0.1:{self.port}/"


def choose(
    *,
    cluster: str = "",
    profile: str = "",
    engine: str = "",
    environment: str = "",
    instance: str = "",
    port: str = "",
    yes: bool = False,
    json: bool = False,
) -> Options:
    """Check every value and report all bad ones at once; an empty value means the default."""
    problems = [
        _cluster(cluster or "embedded"),
        _one_of("PROFILE", profile or "mini", PROFILES),
        _one_of("ENGINE", engine or "auto", ENGINES),
        _one_of("ENV", environment or "local", ENVIRONMENTS),
        _port(port or "8080"),
        _instance(instance or "slipway"),
    ]
    if told := tuple(problem for problem in problems if problem):
        raise SlipwayError(
            told[0] if len(told) == 1 else f"{len(told)} settings are wrong",
            details=() if len(told) == 1 else told,
            hint=".venv/bin/slipway up --help",
            code=Exit.BAD_INPUT,
        )
    return Options(
        cluster=cluster or "embedded",
        profile=profile or "mini",
        engine=engine or "auto",
        environment=environment or "local",
        instance=Instance.named(instance or "slipway"),
        port=int(port or "8080"),
        yes=yes,
        json=json,
        profile_named=bool(profile),
    )


def _cluster(value: str) -> str:
    if value == "embedded" or re.fullmatch(r"context:\S+", value):
        return ""
    return f"CLUSTER={value}: unknown; want embedded or context:<name of a kubeconfig context>"


def _one_of(name: str, value: str, valid: tuple[str, ...]) -> str:
    return "" if value in valid else f"{name}={value}: unknown; want one of {', '.join(valid)}"


def _port(value: str) -> str:
    return "" if value.isdecimal() and int(value) in PORTS else f"SLIPWAY_PORT={value}: want a number from 1 to 65535"


def _instance(value: str) -> str:
    try:
        Instance.named(value)
    except SlipwayError as error:
        return error.message
    return ""
