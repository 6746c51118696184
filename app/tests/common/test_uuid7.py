"""Keys that sort by time."""

import time

from todo_app.common.uuid7 import uuid7


def test_version_and_variant_are_those_of_rfc_9562() -> None:
    for _ in range(1000):
        key = uuid7()
        assert key.version == 7
        assert key.variant == "specified in RFC 4122"


def test_keys_of_later_milliseconds_are_greater() -> None:
    first = uuid7()
    time.sleep(0.003)

    assert uuid7() > first


def test_the_time_is_unix_milliseconds() -> None:
    assert abs((uuid7().int >> 80) - time.time() * 1000) < 2000
