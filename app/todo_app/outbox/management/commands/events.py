"""`manage.py events`: one JSON Schema for each type of event, into contracts/events."""

import json
from argparse import ArgumentParser
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from todo_app.outbox.facts import schemas

FOLDER = settings.BASE_DIR.parent / "contracts" / "events"


def documents() -> dict[str, str]:
    """File name → content."""
    return {f"{name}.json": json.dumps(schema, indent=2, sort_keys=True) + "\n" for name, schema in schemas().items()}


class Command(BaseCommand):
    """Exit 0: written, or nothing differs; 1: `--check` found a difference."""

    help = "Write the schemas of all events; --check compares only."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Compare instead of writing; another folder."""
        parser.add_argument("--check", action="store_true", help="fail when a file differs, write nothing")
        parser.add_argument("--folder", type=Path, default=FOLDER, help="where the files are")

    def handle(self, *_args: object, check: bool = False, folder: Path = FOLDER, **_options: object) -> None:
        """Write or compare, stale files included."""
        wanted = documents()
        present = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.json")}
        differing = sorted(name for name in wanted | present if wanted.get(name) != present.get(name))
        if check:
            if differing:
                raise CommandError(f"contracts/events is not current: {', '.join(differing)}; run: manage.py events")
            return
        folder.mkdir(parents=True, exist_ok=True)
        for name in differing:
            if name in wanted:
                (folder / name).write_text(wanted[name], encoding="utf-8")
            else:
                (folder / name).unlink()
        self.stdout.write(f"{len(wanted)} types, {len(differing)} files changed")
