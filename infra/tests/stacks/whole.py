"""Every stack of one environment, evaluated in order, each with the outputs of those before it."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import yaml

from infra.graph.model import Profile
from infra.tests.stacks.recording import STACKS, Recorded, record_stack

ORDER = ("foundation", "platform", "data", "delivery")
# The smallest and the largest, which has all that the one between them has.
PROFILES: tuple[Profile, ...] = ("mini", "full")
ENVIRONMENTS = ("local", "dev", "staging", "production")
PLATFORM = ("gatekeeper", "istiod", "istio-proxy", "istio-cni", "gateway-certificate", "vault", "vault-bootstrap")
NAMES = (*PLATFORM, "postgresql", "redis", "secrets-init", "todo-app")
IMAGES = {name: f"slipway.local/{name}:0123456789ab" for name in NAMES}


def config_of(stack: str, env: str, profile: str = "mini") -> dict[str, str]:
    """Defaults of Pulumi.yaml, Pulumi.<env>.yaml, what Slipway passes: all as text, as an engine does."""
    project = yaml.safe_load((STACKS / stack / "Pulumi.yaml").read_text(encoding="utf-8"))
    chosen = yaml.safe_load((STACKS / stack / f"Pulumi.{env}.yaml").read_text(encoding="utf-8"))
    values: dict[str, Any] = {key: entry["default"] for key, entry in project["config"].items()}
    values.update({key.removeprefix(f"{project['name']}:"): value for key, value in chosen["config"].items()})
    if stack == "foundation" and env == "local":
        values["volume_root"] = "/var/lib/slipway/volumes"
    if "images" in values:
        values["images"] = IMAGES
    values["profile"] = profile
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()}


@cache
def evaluate(env: str, profile: str = "mini") -> Mapping[str, Recorded]:
    """Stack name → what it declares."""
    done: dict[str, Recorded] = {}
    for name in ORDER:
        references = {f"slipway-{earlier}": recorded.outputs for earlier, recorded in done.items()}
        done[name] = record_stack(name, env=env, config=config_of(name, env, profile), references=references)
    return done
