"""What a publisher promises; `tests/outbox/test_publishers.py` holds every adapter to it."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol


class PublisherDown(Exception):
    """Nothing can be published now, through no fault of an event; the text says why."""


class EpochStale(Exception):
    """A later holder of the lease has published already: the caller has lost its lease without knowing."""


@dataclass(frozen=True, kw_only=True)
class Message:
    """A serialised event."""

    id: uuid.UUID
    key: str
    body: bytes


@dataclass(kw_only=True)
class Receipt:
    """What became of a batch. A message in neither was not tried, because one before it of its key was refused."""

    published: list[uuid.UUID] = field(default_factory=list)
    refused: dict[uuid.UUID, str] = field(default_factory=dict)


class Publisher(Protocol):
    """An adapter to a place that keeps events."""

    def publish(self, messages: Sequence[Message], *, epoch: int) -> Receipt:
        """Publish in the given order. What the receipt calls published is durable by the adapter's policy.

        A refused message (too large, say) keeps later ones of its key from being published, no others. Publishing a
        message again is allowed: consumers know it by its id. Raises PublisherDown, after which any part of the batch
        may have been published, and EpochStale, after which none has.
        """

    def close(self) -> None:
        """Let go of files and connections."""


def sorted_out(
    messages: Sequence[Message], refusal: Callable[[Message], str]
) -> tuple[list[Message], dict[uuid.UUID, str]]:
    """The messages to publish, and the refused ones with the reason that `refusal` gives ("" accepts)."""
    refused: dict[uuid.UUID, str] = {}
    blocked: set[str] = set()
    accepted = []
    for message in messages:
        if message.key in blocked:
            continue
        if reason := refusal(message):
            refused[message.id] = reason
            blocked.add(message.key)
        else:
            accepted.append(message)
    return accepted, refused
