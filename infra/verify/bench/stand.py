"""The instances figures are measured on: their own, never the user's."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from infra.lib.report import Report
from infra.verify.bed import Bed
from infra.verify.ports import free_port


@dataclass
class Stand:
    """One instance, `bench`, shared by the figures of a run; brought up when first asked for."""

    report: Report
    bed: Bed = field(default_factory=lambda: Bed(name="bench", port=free_port()))
    is_up: bool = False

    def up(self) -> Bed:
        """The running instance."""
        if not self.is_up:
            self.report("start instance bench")
            self.bed.up()
            self.is_up = True
        return self.bed

    def down(self) -> None:
        """No instance, whatever there was before."""
        self.report("remove instance bench")
        self.bed.down()
        self.is_up = False


@contextlib.contextmanager
def stand(report: Report) -> Iterator[Stand]:
    """A stand for the block; what was started is removed at its end."""
    one = Stand(report)
    try:
        yield one
    finally:
        if one.bed.instance.state.exists():
            one.down()
