"""A publisher for tests and for processes that only need to see events."""

from collections.abc import Callable, Sequence

from todo_app.outbox.publishers.base import EpochStale, Message, Receipt, sorted_out


def _all(_message: Message) -> str:
    return ""


class InMemoryPublisher:
    """Keeps the newest `bound` messages; `refusal` names a message's fault."""

    def __init__(self, *, bound: int = 10_000, refusal: Callable[[Message], str] = _all) -> None:
        self.bound, self.refusal = bound, refusal
        self.messages: list[Message] = []
        self._epoch = 0

    def publish(self, messages: Sequence[Message], *, epoch: int) -> Receipt:
        """See Publisher."""
        if epoch < self._epoch:
            raise EpochStale(f"epoch {epoch}, but {self._epoch} has published")
        self._epoch = epoch
        accepted, refused = sorted_out(messages, self.refusal)
        self.messages = [*self.messages, *accepted][-self.bound :]
        return Receipt(published=[message.id for message in accepted], refused=refused)

    def close(self) -> None:
        """Nothing to let go of."""
