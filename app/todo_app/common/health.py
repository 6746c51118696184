"""Liveness without dependencies, readiness with reasons."""

import threading
import time
from dataclasses import dataclass, field

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from psycopg_pool import PoolTimeout

from todo_app.common.redis_client import client
from todo_app.common.shards import each_shard

DRAINING = threading.Event()
FRESH = 1.0  # seconds an answer is shared, so that probes cannot exhaust the pool


@dataclass
class _Cache:
    until: float = 0.0
    reasons: tuple[str, ...] = ()
    redis: str = "ok"
    migrated: set[str] = field(default_factory=set)  # shards


_cache = _Cache()
_lock = threading.Lock()


def healthz(_request: HttpRequest) -> JsonResponse:
    """The process answers."""
    return JsonResponse({"status": "ok"})


def readyz(_request: HttpRequest) -> JsonResponse:
    """Ready when the database answers and has every migration; Redis is reported only."""
    if DRAINING.is_set():
        return JsonResponse({"status": "unready", "reasons": ["draining"]}, status=503)
    with _lock:
        if time.monotonic() > _cache.until:
            _cache.reasons = tuple(reason for shard in each_shard() for reason in _database_reasons(shard))
            _cache.redis = _redis_state()
            _cache.until = time.monotonic() + FRESH
        reasons, redis_state = _cache.reasons, _cache.redis
    body = {"status": "unready" if reasons else "ready", "reasons": list(reasons), "redis": redis_state}
    return JsonResponse(body, status=503 if reasons else 200)


def _database_reasons(shard: str) -> tuple[str, ...]:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        # applied migrations do not vanish while we run, so one complete look is enough
        if shard not in _cache.migrated:
            executor = MigrationExecutor(connection)
            pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
            if pending:
                return (f"{len(pending)} migrations are not applied, first {pending[0][0]}",)
            _cache.migrated.add(shard)
    except DatabaseError as error:
        if isinstance(error.__cause__, PoolTimeout) and _pool_connected():
            return ("database: no connection became free in time",)
        return (f"database: {settings.DATABASES[shard]['HOST']} does not answer",)
    return ()


def _pool_connected() -> bool:
    pool = getattr(connection, "pool", None)
    return pool is not None and pool.get_stats().get("pool_size", 0) >= pool.max_size


def _redis_state() -> str:
    try:
        client().ping()
    except redis.RedisError:
        return "unreachable: sign-in is refused until it is back"
    return "ok"
