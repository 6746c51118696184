"""One report over all databases."""

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings

from todo_app.common.shards import DIRECTORY, each_shard, on_directory
from todo_app.shards.models import UserHome

Rows = list[dict[str, Any]]


def merged_by_user(select: Callable[..., Rows]) -> Callable[..., Rows]:
    """For a selector of rows by user in the order of `user_id`, paged by `after` and `limit`: the same over all shards.

    Each database gives its first `limit` rows behind `after`; the page is the first `limit` of them together. A user
    in the middle of a move is on two databases and counts at home.
    """

    @wraps(select)
    def over_all(*, after: uuid.UUID | None, limit: int, **more: Any) -> Rows:  # noqa: ANN401 - the selector's own
        if not settings.SHARDS:
            return select(after=after, limit=limit, **more)
        found: dict[uuid.UUID, dict[str, dict[str, Any]]] = {}
        for alias in each_shard():
            for row in select(after=after, limit=limit, **more):
                found.setdefault(row["user_id"], {})[alias] = row
        homes = _homes([user for user, rows in found.items() if len(rows) > 1])
        page = [(user, rows[homes.get(user, next(iter(rows)))]) for user, rows in found.items()]
        return [row for _, row in sorted(page, key=lambda pair: pair[0])[:limit]]

    return over_all


def _homes(users: list[uuid.UUID]) -> dict[uuid.UUID, str]:
    if not users:
        return {}
    with on_directory():
        known = dict(UserHome.objects.filter(pk__in=users).values_list("user_id", "shard"))
    return {user: known.get(user, DIRECTORY) for user in users}
