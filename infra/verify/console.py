"""Progress lines of the long-running verification commands."""

import sys
import time


class Progress:
    """A `Report` that writes `mm:ss  message` to standard error, so that results alone are on standard output."""

    def __init__(self) -> None:
        self._begin = time.monotonic()

    def __call__(self, message: str, /, *, done: float | None = None) -> None:
        """Write one line."""
        minutes, seconds = divmod(int(time.monotonic() - self._begin), 60)
        share = "" if done is None else f" {done:4.0%}"
        sys.stderr.write(f"{minutes:02}:{seconds:02}{share}  {message}\n")
        sys.stderr.flush()
