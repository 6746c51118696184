"""A lock keeps others out, names its holder, dies with it and leaves no file."""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import pytest

from infra.lib.errors import Exit, SlipwayError
from infra.lib.locks import exclusive, waiting

SPAWN = multiprocessing.get_context("spawn")


def hold(path: Path, held: Event) -> None:
    with exclusive(path, purpose="the test"):
        held.set()
        time.sleep(60)


def count(path: Path, number: Path, rounds: int) -> None:
    for _ in range(rounds):
        with waiting(path, purpose="count", deadline=60):
            number.write_text(str(int(number.read_text(encoding="utf-8")) + 1), encoding="utf-8")


def test_the_holder_is_named_and_its_death_frees_the_lock(tmp_path: Path) -> None:
    path, held = tmp_path / "run" / "lock", SPAWN.Event()
    child = SPAWN.Process(target=hold, args=(path, held))
    child.start()
    assert held.wait(30)
    with (
        pytest.raises(SlipwayError, match=rf"process {child.pid} \(the test") as caught,
        exclusive(path, purpose="mine"),
    ):
        pass
    assert caught.value.code == Exit.BUSY
    os.kill(child.pid or 0, signal.SIGKILL)
    child.join(10)
    with exclusive(path, purpose="mine"):
        assert path.exists()


def test_nothing_is_left_of_a_lock_that_was_given_back(tmp_path: Path) -> None:
    with exclusive(tmp_path / "run" / "lock", purpose="mine"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_removing_the_file_lets_no_two_in_at_once(tmp_path: Path) -> None:
    number = tmp_path / "number"
    number.write_text("0", encoding="utf-8")
    children = [SPAWN.Process(target=count, args=(tmp_path / "run" / "lock", number, 8)) for _ in range(3)]
    for child in children:
        child.start()
    for child in children:
        child.join(60)
    assert [child.exitcode for child in children] == [0, 0, 0]
    assert number.read_text(encoding="utf-8") == "24"


def test_a_folder_that_goes_while_it_is_made_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make, refused = Path.mkdir, iter([FileExistsError("it was there"), FileNotFoundError("it has gone")])

    def late(path: Path, *given: Any, **named: Any) -> None:  # noqa: ANN401 - as Path.mkdir takes them
        if error := next(refused, None):
            raise error
        make(path, *given, **named)

    monkeypatch.setattr(Path, "mkdir", late)

    with waiting(tmp_path / "folder" / "lock", purpose="test", deadline=0):
        assert (tmp_path / "folder" / "lock").exists()


@pytest.mark.parametrize("make", [Path.touch, lambda place: place.symlink_to("/no/such/folder")], ids=["file", "link"])
def test_what_is_no_folder_where_the_folder_belongs_is_told(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "folder")

    with pytest.raises(FileExistsError), waiting(tmp_path / "folder" / "lock", purpose="test", deadline=0):
        pass
