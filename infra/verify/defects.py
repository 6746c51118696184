"""Seeded defects: each breaks one promise of the product on purpose, so that a fault test is seen to turn red.

`python -m infra.verify.defects NAME words…` is the front door with that defect. Nothing in the product knows
of them; a defect whose target is gone fails at once instead of doing nothing.
"""

import contextlib
import os
import runpy
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any, NoReturn
from unittest.mock import patch

import yaml

from infra.cluster.embedded import unseal
from infra.cluster.embedded.cluster import EmbeddedCluster
from infra.engine.direct import config, deploy, engine, inventory
from infra.images import archives
from infra.lib import gotool, locks, process
from infra.lib.errors import Exit, SlipwayError
from infra.lib.paths import REPOSITORY
from infra.settings import load
from infra.slipway import cli, failure, preflight
from infra.slipway.session import Session
from infra.vault import desired

Defect = Callable[[], AbstractContextManager[object]]


def _traceback_shown() -> AbstractContextManager[object]:
    """The last stop before the user has a hole."""

    def crash(error: SlipwayError, **_: object) -> NoReturn:
        raise RuntimeError(error.message)

    return patch.object(failure, "told", crash)


def _lock_ignored() -> AbstractContextManager[object]:
    """Whoever comes may change the instance."""
    return patch.object(locks, "exclusive", lambda *_, **__: contextlib.nullcontext())


def _lock_outlives_holder() -> AbstractContextManager[object]:
    """The lock is a file that exists, as in programs that write a pid file: `kill -9` leaves it behind."""

    @contextlib.contextmanager
    def exclusive(path: Path, *, purpose: str) -> Iterator[None]:
        beside = path.with_suffix(".exists")
        try:
            beside.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(beside, os.O_CREAT | os.O_EXCL))
        except FileExistsError as error:
            raise SlipwayError(f"{beside} exists, for {purpose}", code=Exit.BUSY) from error
        try:
            yield
        finally:
            beside.unlink(missing_ok=True)

    return patch.object(locks, "exclusive", exclusive)


def _settings_unchecked() -> AbstractContextManager[object]:
    """A key nobody knows is dropped by all who should complain: the engine, `up` itself, the program's settings."""

    given = load._given  # noqa: SLF001 - a defect reaches where no caller does

    def known(project: str) -> dict[str, Any]:
        folder = REPOSITORY / "infra" / "stacks" / project.removeprefix("slipway-")
        schema = yaml.safe_load((folder / "Pulumi.yaml").read_text(encoding="utf-8"))["config"]
        return {key: value for key, value in given(project).items() if key in schema}

    stack = ExitStack()
    stack.enter_context(patch.object(config, "_complaints", lambda *_: iter(())))
    stack.enter_context(patch.object(preflight, "unfit", lambda *_: iter(())))
    stack.enter_context(patch.object(load, "_given", known))
    return stack


def _machine_unchecked() -> AbstractContextManager[object]:
    """`up` begins without looking at the machine."""

    return patch.object(preflight, "run", lambda *_, **__: "not checked")


def _permission_unchecked() -> AbstractContextManager[object]:
    """Anybody may try."""

    return patch.object(Session, "require_permission", lambda _: None)


def _tool_cache_trusted() -> AbstractContextManager[object]:
    """A file that is there is taken for whole."""
    return patch.object(gotool, "_whole", lambda program: program.is_file())


def _image_cache_trusted() -> AbstractContextManager[object]:
    """An archive that is there is taken for whole."""

    return patch.object(archives, "whole", lambda archive: archive.is_file())


def _download_failure_ignored() -> AbstractContextManager[object]:
    """A build whose downloads broke off counts as done."""
    run = process.run

    def careless(*words: Any, **options: Any) -> None:  # noqa: ANN401 - passes on whatever `run` takes
        with contextlib.suppress(SlipwayError):
            run(*words, **options)

    return patch.object(gotool, "run", careless)


def _delete_nothing() -> AbstractContextManager[object]:
    """`down` says it is done."""

    return patch.object(EmbeddedCluster, "delete", lambda *_: None)


def _reason_lost() -> AbstractContextManager[object]:
    """Something failed, nobody says what."""

    told = failure.told

    def mute(error: SlipwayError, *, as_json: bool) -> int:
        return told(SlipwayError("up failed", code=error.code), as_json=as_json)

    return patch.object(failure, "told", mute)


def _engine_forgotten() -> AbstractContextManager[object]:
    """The inventory does not say who made the stack."""

    return patch.object(inventory, "_same_owner", lambda *_: None)


def _readiness_unchecked() -> AbstractContextManager[object]:
    """What was sent to the cluster counts as done."""
    return patch.object(deploy, "until_ready", lambda _kube, live, **_: live)


def _vault_policy_wider() -> AbstractContextManager[object]:
    """One wildcard, and everybody reads everybody's secrets."""
    own = desired._secrets  # noqa: SLF001 - a defect reaches where no caller does

    def wider(name: str) -> dict[str, list[str]]:
        return {**own(name), "secret/data/todo-app/*": ["read"]}

    return patch.object(desired, "_secrets", wider)


def _audit_in_one_place() -> AbstractContextManager[object]:
    """Two devices, one disk."""
    return patch.dict(desired.AUDIT, {"log": "/vault/audit/second.log"})


def _unseal_key_not_kept() -> AbstractContextManager[object]:
    """The one key of the unsealing Vault is in the memory of whoever made it."""
    configure = unseal._configure  # noqa: SLF001 - as above

    def then_lost(vault: Any, folder: Path, settings: dict[str, Any], key: str) -> None:  # noqa: ANN401 - as its own
        configure(vault, folder, settings, key)
        (folder / "key").unlink()

    return patch.object(unseal, "_configure", then_lost)


DEFECTS: dict[str, Defect] = {
    "traceback-shown": _traceback_shown,
    "lock-ignored": _lock_ignored,
    "lock-outlives-holder": _lock_outlives_holder,
    "settings-unchecked": _settings_unchecked,
    "machine-unchecked": _machine_unchecked,
    "permission-unchecked": _permission_unchecked,
    "tool-cache-trusted": _tool_cache_trusted,
    "image-cache-trusted": _image_cache_trusted,
    "download-failure-ignored": _download_failure_ignored,
    "delete-nothing": _delete_nothing,
    "reason-lost": _reason_lost,
    "engine-forgotten": _engine_forgotten,
    "readiness-unchecked": _readiness_unchecked,
    "vault-policy-wider": _vault_policy_wider,
    "audit-in-one-place": _audit_in_one_place,
    "unseal-key-not-kept": _unseal_key_not_kept,
}


def applied(name: str) -> AbstractContextManager[object]:
    """The defect for a block of this process; no name, no defect."""
    return DEFECTS[name]() if name else contextlib.nullcontext()


def in_programs(name: str) -> AbstractContextManager[object]:
    """The defect in the process that evaluates programs, for a block of this one; no name, no defect."""
    worker = (sys.executable, "-m", "infra.verify.defects", name, "worker")
    # The command is a default of the constructor's, where patch.object does not reach it.
    defaults = engine.DirectEngine.__init__.__kwdefaults__ or {}
    if defaults.get("worker") != engine.WORKER:
        raise RuntimeError("the direct engine no longer takes its worker as a default: no defect would reach it")
    return patch.dict(defaults, {"worker": worker}) if name else contextlib.nullcontext()


def main(name: str, words: list[str]) -> None:
    """The front door with a defect, also in the process that evaluates programs; `worker` is that process."""
    with ExitStack() as stack:
        stack.enter_context(applied(name))
        if words == ["worker"]:
            runpy.run_module("infra.engine.direct", run_name="__main__")
            return

        stack.enter_context(in_programs(name))

        sys.argv = ["slipway", *words]
        cli.main()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
