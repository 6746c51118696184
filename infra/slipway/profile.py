"""The profile an instance or context has: `up` remembers it, so that a plain `make up` later on keeps it.

A smaller one takes Vault, the policies and the mesh away; only who names it gets it.
"""

from contextlib import suppress
from dataclasses import replace

from httpx2 import HTTPError
from lightkube.core.exceptions import ApiError
from lightkube.resources.core_v1 import Namespace

from infra.lib.errors import Exit, SlipwayError
from infra.slipway import kube
from infra.slipway.options import PROFILES, Options
from infra.slipway.session import Session

FILE = "profile"
# Made by stack `platform`, which every profile but mini has.
NAMESPACE = "vault"
OURS = ("app.kubernetes.io/managed-by", "slipway")


def remembered(options: Options) -> Options:
    """The options with the profile of the last `up`, when none was named; raises BAD_INPUT for a damaged memory."""
    file = options.home / FILE
    if options.profile_named or not file.is_file():
        return options
    kept = file.read_text(encoding="utf-8", errors="replace").strip()
    if kept not in PROFILES:
        raise SlipwayError(
            f"{file} holds {kept[:40]!r}: want one of {', '.join(PROFILES)}",
            hint="name the profile: PROFILE=<one of them> make up",
            code=Exit.BAD_INPUT,
        )
    return replace(options, profile=kept, profile_known=True)


def remember(options: Options) -> None:
    """For the next call; written whole or not at all."""
    options.home.mkdir(parents=True, exist_ok=True)
    new = options.home / f"{FILE}.new"
    new.write_text(f"{options.profile}\n", encoding="utf-8")
    new.replace(options.home / FILE)


def forget(options: Options) -> None:
    """After `down`."""
    (options.home / FILE).unlink(missing_ok=True)


def require_known(session: Session) -> None:
    """Of a context that another machine filled nobody here knows the profile: it is named, or has nothing to lose."""
    options = session.options
    if options.embedded or options.profile_named or options.profile_known:
        return
    if _has_platform(session):
        raise SlipwayError(
            f"{options.cluster} has Vault, the policies and perhaps the mesh; {options.profile} would remove them, and"
            " nobody named a profile",
            hint="PROFILE=standard make up, or full; PROFILE=mini removes them",
            code=Exit.BAD_INPUT,
        )


def _has_platform(session: Session) -> bool:
    """Not when nothing answers: `up` tells that by itself."""
    with suppress(ApiError, HTTPError):
        found = kube.client(session).get(Namespace, NAMESPACE)
        return OURS in ((found.metadata and found.metadata.labels) or {}).items()
    return False
