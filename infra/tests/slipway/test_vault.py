"""`vault restore` takes a whole snapshot and nothing else."""

import hashlib
import io
import tarfile

import pytest

from infra.lib.errors import Exit, SlipwayError
from infra.slipway.vault import examine


def archive(**changed: bytes) -> bytes:
    parts = {"meta.json": b"{}", "state.bin": b"state"}
    sums = "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in parts.items())
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as made:
        for name, content in {**parts, "SHA256SUMS": sums.encode(), **changed}.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            made.addfile(entry, io.BytesIO(content))
    return stream.getvalue()


def test_a_whole_one_is_taken() -> None:
    examine(archive(), "file")


@pytest.mark.parametrize(
    "content",
    [b"", b"no archive", archive()[:-20], archive(**{"state.bin": b"other"}), archive(SHA256SUMS=b"")],
)
def test_anything_else_is_refused(content: bytes) -> None:
    with pytest.raises(SlipwayError) as refused:
        examine(content, "file")

    assert refused.value.code is Exit.BAD_INPUT
