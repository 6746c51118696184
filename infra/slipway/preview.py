"""`preview`: what `up` would change."""

import json
import sys

from rich.console import Console
from rich.syntax import Syntax

from infra.engine.api import Action, StackResult
from infra.images import api as images
from infra.slipway import views
from infra.slipway.session import Session

SIGNS = {Action.CREATED: ("+", "green"), Action.UPDATED: ("~", "yellow"), Action.DELETED: ("-", "red")}


def run(session: Session) -> None:
    """Ask the engine about each stack; prints counts, changed objects and their diffs."""
    session.require_running()
    references = images.refs()
    engine = session.engine
    console = views.console()
    for name in session.stacks:
        result = engine.preview(session.stack(name), overrides=session.overrides(name, references))
        if session.options.json:
            sys.stdout.write(json.dumps(result.as_json(), default=str) + "\n")
        else:
            show(console, result)


def show(console: Console, result: StackResult) -> None:
    """One stack: its counts in one line, then each object that would change."""
    counts = ", ".join(f"{number} {action}" for action, number in result.counts.items() if number)
    console.print(f"[bold]{result.stack}[/] ({result.engine}): {counts or 'no objects'}")
    for item in result.objects:
        if item.action in SIGNS:
            sign, style = SIGNS[item.action]
            console.print(f"  {sign} {item} {item.note}", style=style, markup=False)
            if item.diff:
                console.print(Syntax(item.diff, "diff", background_color="default"))
