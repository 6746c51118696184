"""The small DNS client."""

import struct

import pytest

from infra.cluster.embedded import resolve


def answer(number: int, count: int, tail: bytes) -> bytes:
    return struct.pack(">HHHHHH", number, 0x8180, 1, count, 0, 0) + resolve.question("a.b")[12:] + tail


def test_question_holds_the_labels_of_the_name() -> None:
    assert b"\x0akubernetes\x07default\x00" in resolve.question("kubernetes.default")


def test_address_of_an_answer_is_read() -> None:
    record = b"\xc0\x0c\0\x01\0\x01\0\0\0\x1e\0\x04\x0a\xb4\x80\x01"

    assert resolve.address(answer(resolve.ID, 1, record)) == "10.180.128.1"


@pytest.mark.parametrize(("number", "count"), [(resolve.ID, 0), (7, 1)])
def test_answer_without_record_or_to_another_question_has_no_address(number: int, count: int) -> None:
    assert resolve.address(answer(number, count, b"\x0a\0\0\1")) == ""
