"""How long each step took in earlier runs on this machine, kept in the cache."""

import contextlib
import json
import os
import statistics
from pathlib import Path

KEPT = 5


class Timings:
    """Durations in seconds by step name; a damaged or unwritable file costs the estimate and nothing else."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._seconds = _read(file)

    def estimates(self) -> dict[str, float]:
        """The median of the last runs of each known step."""
        return {name: statistics.median(seconds) for name, seconds in self._seconds.items() if seconds}

    def add(self, name: str, seconds: float) -> None:
        """Remember a successful run."""
        self._seconds[name] = [*self._seconds.get(name, []), round(seconds, 2)][-KEPT:]

    def save(self) -> None:
        """Write the file whole or not at all."""
        with contextlib.suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            scratch = self._file.with_suffix(f".{os.getpid()}")
            scratch.write_text(json.dumps(self._seconds, indent=1, sort_keys=True), encoding="utf-8")
            scratch.replace(self._file)


def _read(file: Path) -> dict[str, list[float]]:
    try:
        loaded = json.loads(file.read_text(encoding="utf-8"))
        return {str(name): [float(value) for value in values] for name, values in loaded.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
