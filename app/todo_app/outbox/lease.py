"""One relay publishes at a time. The database's clock decides, so that clocks of pods need not agree."""

import time
from datetime import timedelta

from django.db import transaction
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Now

from todo_app.outbox.models import Lease

NAME = "relay"


class RelayLease:
    """A lease of `seconds`, renewed once a third of it has passed."""

    def __init__(self, *, holder: str, seconds: float = 30.0) -> None:
        self.holder, self.seconds = holder, seconds
        self.epoch = 0
        self._taken = float("-inf")

    def take(self) -> bool:
        """Hold the lease for long enough to publish a batch; False when another relay has it."""
        if self._fresh(self.seconds / 3):
            return True
        asked = time.monotonic()  # before the question: our view of the end must not be later than the database's
        ours = Q(holder=self.holder, epoch=self.epoch)
        with transaction.atomic():
            Lease.objects.get_or_create(name=NAME, defaults={"expires_on": Now()})
            taken = Lease.objects.filter(ours | Q(expires_on__lte=Now()), name=NAME).update(
                holder=self.holder,
                epoch=Case(When(ours, then=F("epoch")), default=F("epoch") + Value(1)),
                expires_on=Now() + timedelta(seconds=self.seconds),
            )
            if taken:
                self.epoch = Lease.objects.values_list("epoch", flat=True).get(name=NAME)
        self._taken = asked if taken else float("-inf")
        return bool(taken)

    def sure(self) -> bool:
        """Whether a batch may start now: two thirds of the lease are left to finish it."""
        return self._fresh(self.seconds * 2 / 3)

    def release(self) -> None:
        """Let a successor start at once."""
        if self._taken != float("-inf"):
            Lease.objects.filter(name=NAME, holder=self.holder, epoch=self.epoch).update(expires_on=Now())
        self._taken = float("-inf")

    def lost(self) -> None:
        """Another relay has published: ask again before the next batch."""
        self._taken = float("-inf")

    def _fresh(self, seconds: float) -> bool:
        return time.monotonic() - self._taken < seconds
