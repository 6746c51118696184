"""The publisher that the settings name. Brokers come later."""

from django.conf import settings

from todo_app.outbox.publishers.base import Publisher
from todo_app.outbox.publishers.files import BoundedFilePublisher


def publisher(shard: str = "") -> Publisher:
    """The bounded folder; a shard has one of its own in it, for its relay counts epochs of its own."""
    env = settings.ENV
    return BoundedFilePublisher(
        env.relay_folder / shard, file_bytes=env.relay_file_kib * 1024, files=env.relay_files, fsync=env.relay_fsync
    )
