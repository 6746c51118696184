"""What a check of the machine or of a cluster found, in the words `doctor` prints."""

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Finding:
    """One checked fact: `fail` stops `up`, `warn` does not; `remedy` is a command where there is one."""

    level: Level
    subject: str
    message: str
    remedy: str = ""
