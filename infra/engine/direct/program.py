"""Evaluate a stack's Pulumi program in this process, which then is used up: the SDK's state is global."""

import asyncio
import logging
import os
import runpy
import sys
import traceback
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import pulumi
from pulumi.runtime.settings import get_root_resource
from pulumi.runtime.stack import Stack, run_pulumi_func
from pydantic import ValidationError

from infra.engine.direct.declared import plain
from infra.engine.direct.monitor import Monitor, Registrar
from infra.lib.errors import Exit, SlipwayError

# Most of them only wait for an object to become ready.
THREADS = 32


def evaluate(
    *,
    directory: Path,
    project: str,
    environment: str,
    config: Mapping[str, str],
    registrar: Registrar,
    preview: bool = False,
) -> dict[str, Any]:
    """Run `__main__.py` of the folder with every registration going to `registrar`; the stack's outputs.

    Raises SlipwayError only. The first failure of an object wins over what the SDK makes of it.
    """
    logger = logging.getLogger("slipway.program")
    logger.addHandler(logging.StreamHandler(sys.stderr))
    pulumi.runtime.set_all_config(dict(config))
    os.chdir(directory)
    sys.path.insert(0, str(directory))
    sys.argv = [str(directory / "__main__.py")]

    async def run() -> dict[str, Any]:
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS))
        pulumi.runtime.set_mocks(
            registrar,
            project=project,
            stack=environment,
            preview=preview,
            logger=logger,
            organization="organization",
            monitor=Monitor(registrar),
        )
        try:
            await run_pulumi_func(lambda: _main(directory))
            exports = cast(Stack, get_root_resource()).outputs
            return await pulumi.Output.from_input(exports).future() or {}
        except BaseException:
            registrar.stop()  # threads that wait for readiness end at once
            raise

    try:
        outputs = asyncio.run(run())
    except Exception as error:  # the program may raise anything
        raise registrar.first_failure() or told(error, directory) from error
    if failure := registrar.first_failure():
        raise failure
    return {name: plain(value) for name, value in outputs.items()}


def told(error: BaseException, directory: Path) -> SlipwayError:
    """A failure of the program itself, in the user's terms: which line, or which settings."""
    if isinstance(error, SlipwayError):
        return error
    if isinstance(error, ValidationError):
        return SlipwayError(
            f"{error.title}: {error.error_count()} wrong setting(s); nothing was changed",
            details=tuple(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()),
            code=Exit.BAD_INPUT,
        )
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if _ours(frame.filename, directory)]
    where = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else str(directory / "__main__.py")
    bad_input = isinstance(error, pulumi.RunError)  # missing and mistyped config among others
    return SlipwayError(f"{where}: {type(error).__name__}: {error}", code=Exit.BAD_INPUT if bad_input else Exit.FAILED)


def _main(directory: Path) -> None:
    runpy.run_path(str(directory / "__main__.py"), run_name="__main__")


def _ours(file: str, directory: Path) -> bool:
    return file.startswith(str(directory)) or ("/infra/" in file and "site-packages" not in file)
