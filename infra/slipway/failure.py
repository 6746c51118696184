"""How a run that did not succeed ends: one message, the next command, an exit code."""

import json
import os
import sys
import time
import traceback
from pathlib import Path

from rich.console import Console

from infra.lib.errors import Exit, SlipwayError
from infra.lib.paths import cache_dir

INTERRUPTED = 130


def told(error: SlipwayError, *, as_json: bool) -> int:
    """Print the message, its details and the next thing to do."""
    if as_json:
        _json(error.message, hint=error.hint, code=error.code, details=error.details)
        return error.code
    console = Console(stderr=True, emoji=False, highlight=False, markup=False, soft_wrap=True)
    console.print(f"slipway: {error.message}", style="bold red")
    for line in error.details:
        console.print(f"  {line}")
    if error.hint:
        console.print(f"  next: {error.hint}")
    return error.code


def interrupted() -> int:
    """Say what state we leave behind."""
    Console(stderr=True, highlight=False).print(
        "\nslipway: interrupted; nothing is half done for good: run the same command again, or `make down`"
    )
    return INTERRUPTED


def unexpected(error: Exception, *, as_json: bool) -> int:
    """A defect of ours: the traceback goes to a file, the user gets one line with its path."""
    if os.environ.get("SLIPWAY_DEBUG") == "1":
        traceback.print_exception(error)
    path = _write("".join(traceback.format_exception(error)))
    message = f"unexpected {type(error).__name__}: {error}"
    hint = f"report it with {path}; SLIPWAY_DEBUG=1 shows it here" if path else "SLIPWAY_DEBUG=1 shows where"
    return told(SlipwayError(message, hint=hint, code=Exit.FAILED), as_json=as_json)


def _write(text: str) -> Path | None:
    path = cache_dir() / "crashes" / f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"slipway {' '.join(sys.argv[1:])}\n{text}", encoding="utf-8")
    except OSError:
        return None
    return path


def _json(message: str, *, hint: str, code: Exit, details: tuple[str, ...]) -> None:
    told_ = {"event": "error", "message": message, "hint": hint, "code": int(code), "details": list(details)}
    sys.stdout.write(json.dumps(told_) + "\n")
    sys.stdout.flush()
