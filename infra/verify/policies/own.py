"""What we deploy ourselves, as `slipway render` writes it: it has to keep to every policy (R37)."""

import tempfile
from functools import cache
from pathlib import Path

from infra.components.places import APP_NAMESPACES
from infra.lib import policies
from infra.lib.policies import Object
from infra.slipway import render
from infra.slipway.options import ENVIRONMENTS, PROFILES, choose
from infra.slipway.session import Session
from infra.verify.policies import gator, rego


def rendered(environment: str) -> list[Object]:
    """Every object of an environment in the largest profile, which has every kind and name that smaller ones have."""
    with tempfile.TemporaryDirectory() as scratch:
        render.to(Session(choose(environment=environment, profile=PROFILES[-1])), out=Path(scratch) / "out")
        return gator.rendered(Path(scratch) / "out")


@cache
def world(environment: str) -> tuple[Object, ...]:
    """The same, rendered once."""
    return tuple(rendered(environment))


@cache
def judged(environment: str) -> tuple[int, ...]:
    """Where in that world those are that some policy is about; about the others nobody says anything."""
    constraints = [policies.within(policy.constraint, list(APP_NAMESPACES)) for policy in policies.load()]
    return tuple(
        index
        for index, item in enumerate(world(environment))
        if any(rego.matches(constraint, item) for constraint in constraints)
    )


def places() -> list[tuple[str, int]]:
    """Environment and index of every judged object."""
    return [(environment, index) for environment in ENVIRONMENTS for index in judged(environment)]


def place(number: int) -> tuple[str, int]:
    """The same by its number; renders no environment that is not needed for it."""
    for environment in ENVIRONMENTS:
        if number < len(judged(environment)):
            return environment, judged(environment)[number]
        number -= len(judged(environment))
    raise IndexError(number)
