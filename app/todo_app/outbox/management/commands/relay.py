"""`entrypoint relay`."""

import os
import signal
import socket
from types import FrameType

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from todo_app.common.metrics_server import listen, serve_in_thread
from todo_app.outbox.lease import RelayLease
from todo_app.outbox.process import Process
from todo_app.outbox.publishers.chosen import publisher
from todo_app.outbox.relay import Relay


class Command(BaseCommand):
    """Exit 0: told to stop, the batch in hand was finished; 1: the port is taken."""

    help = "Publish events from the outbox until SIGTERM."

    def handle(self, *_args: object, **_options: object) -> None:
        """Serve metrics and health, then relay."""
        env = settings.ENV
        holder = f"{socket.gethostname()}/{os.getpid()}"
        relay = Relay(
            publisher=publisher(), lease=RelayLease(holder=holder), batch=env.relay_batch, tries=env.relay_tries
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
