"""`entrypoint relay`."""

import os
import signal
import socket
from argparse import ArgumentParser
from types import FrameType

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from todo_app.common.metrics_server import listen, serve_in_thread
from todo_app.common.shards import DIRECTORY, aliases, on_shard
from todo_app.outbox.lease import RelayLease
from todo_app.outbox.process import Process
from todo_app.outbox.publishers.base import Publisher
from todo_app.outbox.publishers.chosen import publisher
from todo_app.outbox.relay import Relay


class Command(BaseCommand):
    """Exit 0: told to stop, the batch in hand was finished; 1: the port is taken, or no such shard.

    A database has a lease and a backlog of its own, so each has a relay of its own; its files go to a folder named
    after the shard.
    """

    help = "Publish events from the outbox until SIGTERM."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which database."""
        parser.add_argument("--shard", default=DIRECTORY, help="a name of TODO_SHARDS; default: the directory")

    def handle(self, *_args: object, shard: str = DIRECTORY, **_options: object) -> None:
        """Serve metrics and health, then relay."""
        if shard not in aliases():
            raise CommandError(f"{shard!r} is not a shard; there are: {', '.join(aliases())}")
        with on_shard(shard):
            self._relay(publisher("" if shard == DIRECTORY else shard))

    def _relay(self, publisher: Publisher) -> None:
        env = settings.ENV
        holder = f"{socket.gethostname()}/{os.getpid()}"
        relay = Relay(
            publisher=publisher, lease=RelayLease(holder=holder), batch=env.relay_batch, tries=env.relay_tries
        )
        process = Process(relay=relay)

        def end(_number: int, _frame: FrameType | None) -> None:
            process.stop.set()

        signal.signal(signal.SIGTERM, end)
        signal.signal(signal.SIGINT, end)
        try:
            server = listen(
                env.metrics_port, health={"/healthz": process.health.alive, "/readyz": process.health.ready}
            )
        except OSError as error:
            raise CommandError(f"port {env.metrics_port}: {error.strerror}") from None
        serve_in_thread(server)
        process.run()
