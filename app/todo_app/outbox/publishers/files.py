"""JSON lines in a folder that never grows past `files` times `file_bytes`.

`events.jsonl` is written to; a full one becomes `events-<number>.jsonl`; of more than `files` the oldest is deleted.
fsync policy `batch`: a batch is on disk before it counts as published, and survives a power cut. `never`: the kernel
decides; a batch survives the end of the process, not that of the machine.
"""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from todo_app.outbox.publishers.base import EpochStale, Message, PublisherDown, Receipt, sorted_out

CURRENT, EPOCH, LOCK = "events.jsonl", "epoch", "lock"
FILE_BYTES_MIN = 4096
Fsync = Literal["batch", "never"]


class BoundedFilePublisher:
    """One folder may have several writers: each batch takes the folder's lock."""

    def __init__(self, folder: Path, *, file_bytes: int, files: int, fsync: Fsync = "batch") -> None:
        if file_bytes < FILE_BYTES_MIN or files < 2:
            raise ValueError(f"file_bytes={file_bytes}, files={files}; expected at least {FILE_BYTES_MIN} and 2")
        self.folder, self.file_bytes, self.files, self.fsync = folder, file_bytes, files, fsync

    def publish(self, messages: Sequence[Message], *, epoch: int) -> Receipt:
        """See Publisher. A message that alone would fill a file is refused."""
        accepted, refused = sorted_out(messages, self._refusal)
        try:
            with self._alone(epoch):
                self._write([message.body + b"\n" for message in accepted])
        except OSError as error:
            raise PublisherDown(f"{self.folder}: {error.strerror or error}") from error
        return Receipt(published=[message.id for message in accepted], refused=refused)

    def close(self) -> None:
        """Nothing stays open between batches."""

    def paths(self) -> list[Path]:
        """The files in the order in which they were written."""
        old = sorted(self.folder.glob("events-*.jsonl"), key=_number)
        current = self.folder / CURRENT
        return [*old, current] if current.exists() else old

    def _refusal(self, message: Message) -> str:
        size = len(message.body) + 1
        return f"{size} bytes, but a file holds {self.file_bytes}" if size > self.file_bytes else ""

    @contextmanager
    def _alone(self, epoch: int) -> Iterator[None]:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / LOCK).open("a+b") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            kept = self.folder / EPOCH
            seen = int(kept.read_bytes() or b"0") if kept.exists() else 0
            if epoch < seen:
                raise EpochStale(f"epoch {epoch}, but {seen} has published")
            if epoch > seen:
                new = kept.with_suffix(".new")
                new.write_bytes(str(epoch).encode())
                new.replace(kept)
            yield

    def _write(self, lines: list[bytes]) -> None:
        """Append, turning to a new file whenever the next line would not fit."""
        waiting = list(lines)
        while waiting:
            with (self.folder / CURRENT).open("ab") as file:
                size = _without_torn_line(file.fileno())
                chunk: list[bytes] = []
                room = self.file_bytes - size
                while waiting and len(waiting[0]) <= room:
                    room -= len(waiting[0])
                    chunk.append(waiting.pop(0))
                self._append(file.fileno(), b"".join(chunk), size)
            if waiting:
                self._turn()

    def _append(self, file: int, data: bytes, size: int) -> None:
        try:
            while data:
                data = data[os.write(file, data) :]
            if self.fsync == "batch":
                os.fsync(file)
        except OSError:
            os.ftruncate(file, size)  # half a line would spoil the next one
            raise

    def _turn(self) -> None:
        old = [path for path in self.paths() if path.name != CURRENT]
        number = _number(old[-1]) + 1 if old else 1
        for path in old[: len(old) - self.files + 2]:
            path.unlink()
        (self.folder / CURRENT).rename(self.folder / f"events-{number:08d}.jsonl")
        if self.fsync == "batch":
            folder = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)


def _number(path: Path) -> int:
    return int(path.stem.partition("-")[2])


def _without_torn_line(file: int) -> int:
    """Cut what a killed writer left of a line; returns the size. It was never called published."""
    size = end = os.fstat(file).st_size
    with open(f"/proc/self/fd/{file}", "rb") as reader:  # noqa: PTH123 - the file is open for appending only
        while end:
            start = max(0, end - 4096)
            reader.seek(start)
            found = reader.read(end - start).rfind(b"\n")
            if found >= 0:
                end = start + found + 1
                break
            end = start
    if end != size:
        os.ftruncate(file, end)
    return end
