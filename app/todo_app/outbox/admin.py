"""Events in /admin."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from todo_app.common.admin_site import LogAdmin, done
from todo_app.outbox.models import Event, Lease
from todo_app.outbox.services import EventNotDead, events_discard, events_replay


@admin.register(Event)
class EventAdmin(LogAdmin):
    """Read-only but for dead ones, which get new tries or are given up."""

    list_display = ("created_on", "type", "key", "published_on", "dead_on", "attempts")
    list_filter = ("type", ("dead_on", admin.EmptyFieldListFilter), ("published_on", admin.EmptyFieldListFilter))
    search_fields = ("key",)
    ordering = ("-id",)
    actions = ("replay", "discard")

    def has_replay_permission(self, request: HttpRequest) -> bool:
        """Whoever may see events as an administrator."""
        return request.user.has_perm("outbox.change_event")

    @admin.action(description="Give dead events new tries", permissions=["replay"])
    def replay(self, request: HttpRequest, rows: QuerySet[Event]) -> HttpResponse | None:
        """With a reason."""
        return self._dead(request, rows, title="Give new tries", service=events_replay)

    @admin.action(description="Give dead events up for good", permissions=["replay"])
    def discard(self, request: HttpRequest, rows: QuerySet[Event]) -> HttpResponse | None:
        """With a reason; later events of their keys go on."""
        return self._dead(request, rows, title="Give up for good", service=events_discard)

    def _dead(self, request: HttpRequest, rows: QuerySet[Event], *, title: str, service: Any) -> HttpResponse | None:  # noqa: ANN401 - one of the two services above
        reason = self.reason_given(request, rows, title=title, danger=service is events_discard)
        if isinstance(reason, HttpResponse):
            return reason
        chosen = list(rows)
        try:
            count = service(keys=[event.pk for event in chosen])
        except EventNotDead as error:
            messages.error(
                request, f"Nothing was changed: {error}. Choose dead events only (filter: dead on, not empty)."
            )
            return None
        for event in chosen:
            self.log_change(request, event, f"{title}: {reason}")
        return done(request, what=title, count=count, of=len(chosen))


@admin.register(Lease)
class LeaseAdmin(LogAdmin):
    """Who publishes now."""

    list_display = ("name", "holder", "epoch", "expires_on")
    search_fields = ("name", "holder")
    ordering = ("name",)
