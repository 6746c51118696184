"""One suite over all adapters, then what only files can get wrong."""

import errno
import json
import os
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Protocol

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from todo_app.common.uuid7 import uuid7
from todo_app.outbox.publishers import files
from todo_app.outbox.publishers.base import EpochStale, Message, Publisher, PublisherDown
from todo_app.outbox.publishers.files import CURRENT, BoundedFilePublisher
from todo_app.outbox.publishers.memory import InMemoryPublisher

TOO_LARGE = 5000
_number = count(1)


class Place(Protocol):
    """A publisher and what has arrived there."""

    publisher: Publisher

    def arrived(self) -> list[str]:
        """The texts, in order."""


class Memory:
    def __init__(self, _folder: Path) -> None:
        self.publisher = InMemoryPublisher(refusal=lambda message: "large" if len(message.body) > TOO_LARGE else "")

    def arrived(self) -> list[str]:
        return [json.loads(message.body)["text"] for message in self.publisher.messages]


class Files:
    def __init__(self, folder: Path) -> None:
        self.publisher = BoundedFilePublisher(folder / "events", file_bytes=4096, files=4)

    def arrived(self) -> list[str]:
        lines = [line for path in self.publisher.paths() for line in path.read_text(encoding="utf-8").splitlines()]
        return [json.loads(line)["text"] for line in lines]


@pytest.fixture(params=[Memory, Files])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Each adapter."""
    make: Callable[[Path], Place] = request.param
    return make(tmp_path)


def event(text: str = "", *, key: str = "k", size: int = 0) -> Message:
    body = json.dumps({"text": text or str(next(_number)), "filler": "x" * size}).encode()
    return Message(id=uuid7(), key=key, body=body)


def test_messages_arrive_in_order_and_are_confirmed(place: Place) -> None:
    batches = [[event(f"{number} {part}") for part in range(5)] for number in range(3)]
    receipts = [place.publisher.publish(batch, epoch=1) for batch in batches]

    assert place.arrived() == [f"{number} {part}" for number in range(3) for part in range(5)]
    assert [receipt.published for receipt in receipts] == [[one.id for one in batch] for batch in batches]
    assert not any(receipt.refused for receipt in receipts)


def test_a_refused_message_holds_its_key_and_no_other(place: Place) -> None:
    bad = event(key="a", size=TOO_LARGE)
    receipt = place.publisher.publish([event("1", key="a"), bad, event("2", key="b"), event("3", key="a")], epoch=1)

    assert place.arrived() == ["1", "2"]
    assert list(receipt.refused) == [bad.id]
    assert receipt.refused[bad.id]
    assert len(receipt.published) == 2


def test_a_holder_that_lost_its_lease_publishes_nothing(place: Place) -> None:
    place.publisher.publish([event("old")], epoch=1)
    place.publisher.publish([event("new")], epoch=2)

    with pytest.raises(EpochStale, match="epoch 1"):
        place.publisher.publish([event("late")], epoch=1)
    assert place.arrived() == ["old", "new"]


def test_publishing_again_is_allowed(place: Place) -> None:
    one = event("again")
    for _ in range(2):
        assert place.publisher.publish([one], epoch=1).published == [one.id]

    assert place.arrived() == ["again", "again"]


def test_an_empty_batch_is_nothing(place: Place) -> None:
    assert place.publisher.publish([], epoch=1).published == []
    place.publisher.close()


def test_memory_is_bounded() -> None:
    publisher = InMemoryPublisher(bound=3)
    publisher.publish([event(str(number)) for number in range(5)], epoch=1)

    assert [json.loads(one.body)["text"] for one in publisher.messages] == ["2", "3", "4"]


@settings(max_examples=30, deadline=None)
@given(batches=st.lists(st.lists(st.integers(0, 4000), max_size=8), max_size=8), kept=st.integers(2, 4))
def test_files_never_grow_past_their_bound_and_keep_the_newest(
    batches: list[list[int]], kept: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    publisher = BoundedFilePublisher(tmp_path_factory.mktemp("bound"), file_bytes=4096, files=kept)
    sent: list[bytes] = []
    for sizes in batches:
        batch = [event(size=size) for size in sizes]
        publisher.publish(batch, epoch=1)
        sent += [one.body for one in batch]
        found = publisher.paths()

        assert len(found) <= kept
        assert all(path.stat().st_size <= 4096 for path in found)
    lines = [line for path in publisher.paths() for line in path.read_bytes().splitlines()]
    assert lines == sent[len(sent) - len(lines) :]
    assert len(lines) == len(sent) or len(publisher.paths()) == kept


def test_a_torn_line_of_a_killed_writer_is_cut(tmp_path: Path) -> None:
    place = Files(tmp_path)
    place.publisher.publish([event("whole")], epoch=1)
    with (tmp_path / "events" / CURRENT).open("ab") as file:
        file.write(b'{"text": "to')
    place.publisher.publish([event("next")], epoch=1)

    assert place.arrived() == ["whole", "next"]


def test_a_full_disk_is_down_and_leaves_no_half_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = Files(tmp_path)
    place.publisher.publish([event("before")], epoch=1)
    real = os.write

    def short(file: int, data: bytes) -> int:
        if len(data) <= 10:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(file, data[: len(data) - 10])

    monkeypatch.setattr(os, "write", short)
    with pytest.raises(PublisherDown, match="No space left on device"):
        place.publisher.publish([event("lost")], epoch=1)
    monkeypatch.undo()

    assert (tmp_path / "events" / CURRENT).read_bytes().endswith(b"\n")
    assert place.arrived() == ["before"]


@pytest.mark.parametrize(("policy", "synced"), [("batch", True), ("never", False)])
def test_the_fsync_policy_is_kept(
    policy: files.Fsync, synced: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []
    monkeypatch.setattr(os, "fsync", calls.append)
    BoundedFilePublisher(tmp_path, file_bytes=4096, files=2, fsync=policy).publish([event()], epoch=1)

    assert bool(calls) is synced


def test_a_bound_that_cannot_hold_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="file_bytes=10, files=1; expected at least 4096 and 2"):
        BoundedFilePublisher(tmp_path, file_bytes=10, files=1)
