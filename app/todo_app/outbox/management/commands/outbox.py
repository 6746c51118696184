"""`manage.py outbox dead|replay|discard`: what to do about events that could not be published."""

import uuid
from argparse import ArgumentParser

import structlog
from django.core.management.base import BaseCommand, CommandError

from todo_app.outbox.selectors import events_dead
from todo_app.outbox.services import EventNotDead, events_discard, events_replay

log = structlog.get_logger("outbox")


class Command(BaseCommand):
    """Exit 0: done; 1: a named event is not dead, nothing was changed; 2: wrong usage."""

    help = "List dead events, give them new tries, or give them up. Later events of their keys are held until then."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The three actions."""
        actions = parser.add_subparsers(dest="action", required=True)
        dead = actions.add_parser("dead", help="list dead events, the oldest first")
        dead.add_argument("--limit", type=int, default=100, help="at most so many")
        replay = actions.add_parser("replay", help="give dead events new tries")
        which = replay.add_mutually_exclusive_group(required=True)
        which.add_argument("--all", action="store_true", help="all of them")
        which.add_argument("ids", nargs="*", type=uuid.UUID, default=[], metavar="ID")
        discard = actions.add_parser("discard", help="delete dead events, which releases later ones of their keys")
        discard.add_argument("ids", nargs="+", type=uuid.UUID, metavar="ID")

    def handle(self, *_args: object, **options: object) -> None:
        """Do one of them."""
        action, ids = options["action"], options.get("ids")
        keys = [key for key in ids if isinstance(key, uuid.UUID)] if isinstance(ids, list) else []
        try:
            if action == "dead":
                self._dead(int(str(options["limit"])))
            elif action == "replay":
                self._told("replayed", events_replay(keys=None if options["all"] else keys))
            else:
                self._told("discarded", events_discard(keys=keys))
        except EventNotDead as error:
            raise CommandError(str(error)) from None

    def _dead(self, limit: int) -> None:
        for found in events_dead(limit=limit):
            event = found.event
            self.stdout.write(
                f"{event.pk}  {event.type}  key {event.key}  dead since {event.dead_on:%Y-%m-%d %H:%M:%SZ}  "
                f"{event.attempts} tries  {found.held} held  {event.error}"
            )

    def _told(self, what: str, number: int) -> None:
        log.info("dead events", action=what, number=number)
        self.stdout.write(f"{number} events {what}")
