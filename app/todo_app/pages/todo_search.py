"""What people look for in their todos."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.http import Http404, QueryDict

from todo_app.accounts.models import User
from todo_app.common.paging import CursorInvalid, Page, page_newest_first, page_ordered
from todo_app.todos.models import Priority, Status
from todo_app.todos.models.tag import TAG_MAX
from todo_app.todos.selectors import ORDERS, TodoFilter, todos_found

PAGE = 20
SORTS = (("", "Newest first"), ("due", "Due first"), ("-priority", "Most urgent first"), ("-updated", "Changed last"))


class SearchForm(forms.Form):
    """The words of the address; what is no choice counts as not asked for."""

    q = forms.CharField(max_length=200, required=False)
    status = forms.ChoiceField(choices=Status.choices, required=False)
    priority = forms.TypedChoiceField(choices=Priority.choices, coerce=int, required=False, empty_value=None)
    tag = forms.CharField(max_length=TAG_MAX, required=False)
    overdue = forms.BooleanField(required=False)
    assigned = forms.BooleanField(required=False)
    sort = forms.ChoiceField(choices=SORTS, required=False)


@dataclass(frozen=True)
class Search:
    """What is asked for, as the form shows it."""

    asked: dict[str, Any]

    @classmethod
    def of(cls, query: QueryDict) -> "Search":
        """From the address."""
        form = SearchForm(query)
        form.is_valid()
        return cls(asked=form.cleaned_data)

    @property
    def active(self) -> bool:
        """Something is asked for."""
        return any(value for name, value in self.asked.items() if name != "sort")

    @property
    def opened(self) -> bool:
        """Something below the first line is asked for."""
        return any(self.asked.get(name) for name in ("priority", "tag", "overdue", "assigned", "sort"))

    def page(self, user: User, *, cursor: str | None, now: datetime) -> Page:
        """The todos that fit; 404 for a cursor that is none."""
        asked = self.asked
        wanted = TodoFilter(
            scope="assigned" if asked.get("assigned") else "owned",
            status=asked.get("status") or None,
            priority=asked.get("priority"),
            tags=(asked["tag"].lower(),) if asked.get("tag") else (),
            overdue=True if asked.get("overdue") else None,
            text=asked.get("q") or None,
        )
        rows = todos_found(user=user, wanted=wanted, now=now)
        try:
            if order := ORDERS.get(asked.get("sort", "")):
                return page_ordered(rows, order=order, cursor=cursor, limit=PAGE)
            return page_newest_first(rows, cursor=cursor, limit=PAGE)
        except CursorInvalid:
            raise Http404 from None
