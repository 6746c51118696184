"""What people type about a todo."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Self

from django import forms

from todo_app.todos.models import Priority
from todo_app.todos.models.tag import TAG_MAX, TAGS_MAX, tags_normal
from todo_app.todos.rrule import RuleInvalid, zone_named

MINUTE = "%Y-%m-%dT%H:%M"  # what a browser's field of date and time holds


class TodoForm(forms.Form):
    """Each error says what would be right."""

    title = forms.CharField(
        max_length=200,
        error_messages={"required": "Say what is to be done.", "max_length": "Use at most 200 characters."},
    )
    description = forms.CharField(
        max_length=10_000, required=False, error_messages={"max_length": "Use at most 10,000 characters."}
    )
    tags = forms.CharField(max_length=2000, required=False)
    priority = forms.TypedChoiceField(
        choices=Priority.choices,
        coerce=int,
        required=False,
        empty_value=Priority.NORMAL,  # type: ignore[arg-type]  # the stubs say str, Django returns it as it is
        initial=Priority.NORMAL,
    )
    due_on = forms.DateTimeField(
        required=False, error_messages={"invalid": "Use a date and a time, such as 2026-12-24 18:00."}
    )
    zone = forms.CharField(max_length=64, required=False, initial="UTC")
    version = forms.IntegerField(required=False, min_value=1)

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """Filled with what is stored."""
        due = row["due_on"].strftime(MINUTE) if row["due_on"] else ""
        return cls(initial={**row, "tags": ", ".join(row["tag_names"]), "due_on": due})

    @property
    def opened(self) -> bool:
        """Something below the title is filled in or wrong."""
        names = ("description", "tags", "due_on")
        return self.is_bound and any(self[name].value() or self[name].errors for name in names)

    def clean_tags(self) -> list[str]:
        """Separated by commas."""
        names = tags_normal(self.cleaned_data["tags"].split(","))
        if len(names) > TAGS_MAX or any(len(name) > TAG_MAX for name in names):
            raise forms.ValidationError(f"Use at most {TAGS_MAX} tags of at most {TAG_MAX} characters.")
        return names

    def clean(self) -> dict[str, Any] | None:
        """The due date is by the clock of `zone`: the browser's, or UTC without scripts."""
        typed: datetime | None = self.cleaned_data.get("due_on")
        if typed is not None:
            try:
                zone = zone_named(self.cleaned_data.get("zone") or "UTC")
                self.cleaned_data["due_on"] = typed.replace(tzinfo=zone).astimezone(UTC)
            except (RuleInvalid, OverflowError):  # no zone, or before the calendar begins
                self.add_error("due_on", self.fields["due_on"].error_messages["invalid"])
        return None

    def due(self, stored: datetime | None = None) -> datetime | None:
        """The date typed; the stored one when it was left alone, which the field shows without its seconds."""
        typed: datetime | None = self.cleaned_data["due_on"]
        if stored is not None and typed == stored.replace(second=0, microsecond=0):
            return stored
        return typed
