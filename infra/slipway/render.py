"""`render`: every manifest as files, no cluster needed."""

import json
import shutil
import sys
from pathlib import Path

from infra.engine.api import StackResult
from infra.images import api as images
from infra.lib.errors import Exit, SlipwayError
from infra.slipway import views
from infra.slipway.session import Session

MARK = ".slipway-render"


def run(session: Session, *, out: Path) -> None:
    """Write `out/<stack>/…` for all stacks in the chosen environment."""
    for result in to(session, out=out):
        if session.options.json:
            sys.stdout.write(json.dumps(result.as_json(), default=str) + "\n")
        else:
            views.console().print(f"{result.stack}: {len(result.objects)} objects in {out / result.stack}")


def to(session: Session, *, out: Path) -> list[StackResult]:
    """Render into a folder that is empty, new, or was rendered to before; anything else is not ours to clear."""
    try:
        _clear(out)
    except OSError as error:
        raise SlipwayError(
            f"--out {out}: cannot be written to: {error.strerror}",
            hint=".venv/bin/slipway render --out out/render",
            code=Exit.BAD_INPUT,
        ) from error
    references = images.refs()
    engine = session.renderer
    return [
        engine.render(session.stack(name), out, overrides=session.overrides(name, references, rendering=True))
        for name in session.stacks
    ]


def _clear(out: Path) -> None:
    if out.exists() and any(out.iterdir()) and not (out / MARK).exists():
        raise SlipwayError(
            f"--out {out}: holds files that render did not write", hint="--out <new folder>", code=Exit.BAD_INPUT
        )
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    (out / MARK).touch()
