"""`slipway images`: what is built of today's sources."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from infra.images import api, archives, catalog, references


def test_rows_tell_reference_size_and_age(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLIPWAY_CACHE", str(tmp_path))
    archive = archives.path_of("pause", references.image_hash("pause", catalog.load()))
    archive.parent.mkdir(parents=True)
    archive.write_bytes(b"12345")
    os.utime(archive, (1000, 1000))
    rows = {row.name: row for row in api.status(datetime.fromtimestamp(1060, tz=UTC))}
    assert list(rows) == list(api.refs())
    assert (rows["pause"].size, rows["pause"].age) == (5, timedelta(minutes=1))
    assert rows["pause"].reference == api.refs()["pause"]
    assert (rows["redis"].cached, rows["redis"].age) == (False, None)
