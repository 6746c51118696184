"""What every command of the front door works with: the choice, the cluster, the engine, the stacks."""

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import yaml

from infra import cluster as clusters
from infra import engine as engines
from infra.cluster.api import Cluster
from infra.cluster.embedded.layout import NODE_CNI_CONFIG, NODE_CNI_PROGRAMS
from infra.engine.api import Engine, StackRef
from infra.engine.direct.engine import DirectEngine
from infra.lib import gomodule, locks
from infra.lib.errors import Exit, SlipwayError
from infra.lib.paths import REPOSITORY, STATE_ROOT, cache_dir
from infra.lib.report import silent
from infra.slipway.options import Options
from infra.slipway.timings import Timings
from infra.vault.desired import PAGE

STACKS = ("foundation", "platform", "data", "delivery")
# Stacks of which profile mini has nothing.
NOT_IN_MINI = frozenset({"platform"})
# The images each stack runs, by their names in the catalog.
IMAGES = {
    "platform": ("gatekeeper", "istiod", "istio-proxy", "istio-cni", "gateway-certificate", "vault", "vault-bootstrap"),
    "data": ("postgresql", "redis", "secrets-init"),
    "delivery": ("todo-app",),
}
# And what a stack runs in larger profiles only.
NOT_IN_MINI_IMAGES = {"data": ("vault-bootstrap",), "delivery": ("vault",)}
WITH_VOLUMES = frozenset({"foundation", "platform"})
# Charts and CRDs by the setting of stack `platform` that takes their folder: tool, module, place in it.
FROM_MODULES = {
    "gatekeeper_chart": ("gatekeeper", "github.com/open-policy-agent/gatekeeper/v3", "charts/gatekeeper"),
    "mesh_chart": ("istio", "istio.io/istio", "manifests/charts/istio-control/istio-discovery"),
    "mesh_cni_chart": ("istio", "istio.io/istio", "manifests/charts/istio-cni"),
}
KINDS = (
    ("istio", "istio.io/istio", "manifests/charts/base/files"),
    ("istio", "sigs.k8s.io/gateway-api", "config/crd/standard"),
)
# By which a browser of this machine reaches Vault's sign-in: a name that every browser takes for this machine.
VAULT_HOST = "vault.localhost"
# Inside the instance's mount namespace; infra.cluster binds the instance's own folder there.
NODE_VOLUMES = "/var/lib/slipway/volumes"


@dataclass(frozen=True)
class Session:
    """One call of the front door. `settings` are the user's own `stack.key` → value."""

    options: Options
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @cached_property
    def cluster(self) -> Cluster:
        """The chosen cluster; nothing is contacted yet."""
        return clusters.select(self.options.cluster, self.options.instance)

    @property
    def logs(self) -> Path:
        """Where this run's step logs go."""
        return self.options.home / "logs"

    @property
    def timings(self) -> Timings:
        """Durations of earlier runs."""
        return Timings(cache_dir() / "timings.json")

    @contextmanager
    def locked(self, purpose: str) -> Iterator[None]:
        """Nobody else changes this instance or context for the time of the block."""
        self.require_permission()
        path = self.options.instance.lock if self.options.embedded else self.options.home / "lock"
        with locks.exclusive(path, purpose=purpose):
            yield

    def require_permission(self) -> None:
        """The embedded cluster makes namespaces, mounts and cgroups, which only root may do."""
        if self.options.embedded and os.geteuid() != 0:
            raise SlipwayError(
                "the embedded cluster needs root: it makes network namespaces, mounts and cgroups",
                hint="sudo make up, or use a cluster you have: make up CLUSTER=context:<name>",
                code=Exit.MISSING,
            )

    def require_running(self) -> None:
        """End with NOT_RUNNING and the command to start it when the cluster does not answer."""
        if not self.cluster.running():
            raise SlipwayError(f"no cluster runs for {self.name}", hint="make up", code=Exit.NOT_RUNNING)

    @property
    def name(self) -> str:
        """The instance or the context, as messages name it."""
        return f"instance {self.options.instance.name}" if self.options.embedded else self.options.cluster

    @cached_property
    def ours(self) -> bool:
        """Whether the cluster is an embedded instance of this machine, also when it is reached by a context."""
        return self.options.embedded or self.cluster.info().server in own_servers(STATE_ROOT)

    @cached_property
    def engine(self) -> Engine:
        """The chosen engine on the chosen cluster; one for the whole run, as it keeps a warm process."""
        made = engines.select(
            self.options.engine,
            kubeconfig=self.cluster.kubeconfig(),
            context=self.cluster.context(),
            log=self.logs / "engine.log",
            state=self.options.home,
        )
        if isinstance(made, DirectEngine):
            made.start()  # its imports take seconds: let them overlap with other steps
        return made

    @cached_property
    def renderer(self) -> Engine:
        """An engine that needs no cluster: rendering is the direct one's; one for all sessions of a thread."""
        return _renderer(threading.get_ident())

    @property
    def stacks(self) -> tuple[str, ...]:
        """The stacks of the chosen profile, in their order."""
        mini = self.options.profile == "mini"
        return tuple(name for name in STACKS if not (mini and name in NOT_IN_MINI))

    @property
    def images(self) -> tuple[str, ...]:
        """The images these stacks run."""
        return tuple(dict.fromkeys(image for name in self.stacks for image in self._images_of(name)))

    def _images_of(self, stack: str) -> tuple[str, ...]:
        more = () if self.options.profile == "mini" else NOT_IN_MINI_IMAGES.get(stack, ())
        return (*IMAGES.get(stack, ()), *more)

    def stack(self, name: str) -> StackRef:
        """A stack of this repository in the chosen environment."""
        return StackRef(
            name=name, directory=REPOSITORY / "infra" / "stacks" / name, environment=self.options.environment
        )

    def overrides(self, stack: str, references: Mapping[str, str], *, rendering: bool = False) -> dict[str, Any]:
        """Settings that follow from the choice and from the images built here, then the user's own.

        A rendering is for the environment's own cluster, so only `local` means the embedded node there.
        """
        local = self.options.environment == "local"
        on_our_node = self.options.embedded if rendering else self.ours
        derived: dict[str, Any] = {"profile": self.options.profile}
        if stack in IMAGES:
            derived["images"] = {name: references[name] for name in self._images_of(stack)}
        if stack in WITH_VOLUMES and on_our_node and (local or not rendering):
            derived["volume_root"] = NODE_VOLUMES
        if stack == "platform" and not on_our_node and not rendering:
            derived["vault_seal"] = ""  # only our own nodes bring something that unseals
        if stack == "platform" and stack in self.stacks:
            derived |= {key: str(module_of(key)) for key in FROM_MODULES}
            derived["mesh_kinds"] = [str(_module(*place)) for place in KINDS]
            if on_our_node:
                derived |= {"mesh_cni_programs": str(NODE_CNI_PROGRAMS), "mesh_cni_config": str(NODE_CNI_CONFIG)}
            if local:
                derived["gateway_port"] = self.options.port
                derived["vault_redirects"] = [f"{self.options.url.rstrip('/')}/oidc/callback"]
                derived["gateway_vault_host"] = VAULT_HOST
        if stack == "delivery" and local:
            derived["public_url"] = self.options.url.rstrip("/")
            if "platform" in self.stacks:
                derived["oidc_authorize_url"] = f"https://{VAULT_HOST}:{self.options.port}{PAGE}"
            if (pods := self.cluster.info().pod_range) and not rendering and self.options.profile != "mini":
                derived["trusted_proxies"] = [pods]
        return {**derived, **self.settings.get(stack, {})}


@cache
def _renderer(_thread: int) -> Engine:
    """Warm from the first rendering on; it does one thing at a time."""
    return DirectEngine(log=cache_dir() / "logs" / "render.log")


def module_of(setting: str) -> Path:
    """The folder of a chart that is not ours, by the setting of stack `platform` that takes it."""
    return _module(*FROM_MODULES[setting])


def _module(tool: str, module: str, inside: str) -> Path:
    """A folder of a module that a program of ours is built from."""
    return gomodule.folder(tool, module, inside, report=silent, log=cache_dir() / "logs" / "modules.log")


def own_servers(root: Path) -> set[str]:
    """API server addresses of the embedded instances on this machine: nothing foreign is at risk there."""
    found: set[str] = set()
    for file in root.glob("*/kubeconfig"):
        with suppress(OSError, yaml.YAMLError, KeyError, TypeError):
            found |= {str(entry["cluster"]["server"]) for entry in yaml.safe_load(file.read_text())["clusters"]}
    return found


def parse_settings(pairs: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """`delivery.web_replicas=2` → {"delivery": {"web_replicas": 2}}; all bad ones reported at once."""
    settings: dict[str, dict[str, Any]] = {}
    problems: list[str] = []
    for pair in pairs:
        place, equals, value = pair.partition("=")
        stack, dot, key = place.partition(".")
        if not (equals and dot and key) or stack not in STACKS:
            problems.append(f"--set {pair}: want <stack>.<key>=<value> with a stack of {', '.join(STACKS)}")
            continue
        settings.setdefault(stack, {})[key] = yaml.safe_load(value)
    if problems:
        raise SlipwayError(problems[0], details=tuple(problems[1:]), code=Exit.BAD_INPUT)
    return settings
