"""The one error a user sees, and the exit codes of the front door."""

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of `slipway`; documented in README, so a number never changes its meaning."""

    OK = 0
    FAILED = 1  # a step failed: the message names the object and the next command
    BAD_INPUT = 2  # a setting, argument or file is wrong; nothing was changed
    BUSY = 3  # another `slipway` holds the lock of this instance
    MISSING = 4  # the machine lacks a permission, tool, port, disk space or memory
    NOT_RUNNING = 5  # the command needs a running cluster and there is none
    DEADLINE = 6  # something did not become ready in time


class SlipwayError(Exception):
    """A failure told in the user's terms.

    `message` says which value or object, where it came from and what is wrong; `hint` is the
    next thing to do, a command where there is one; `details` are lines such as recent events.
    """

    def __init__(
        self, message: str, *, hint: str = "", code: Exit = Exit.FAILED, details: tuple[str, ...] = ()
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code
        self.details = details
