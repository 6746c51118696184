"""Seeing from another connection whether a row is locked."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import OperationalError, connections, transaction
from django.db.models import QuerySet


def locked(rows: QuerySet[Any], *, no_key: bool = False) -> bool:
    """Whether somebody else holds the row."""

    def probe() -> bool:
        try:
            with transaction.atomic():
                assert rows.select_for_update(nowait=True, no_key=no_key).get()
        except OperationalError:
            return True
        finally:
            connections.close_all()
        return False

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(probe).result()
