"""How many users at what time: named shapes, all bounded."""

from dataclasses import dataclass
from itertools import accumulate

from locust import LoadTestShape

MAX_USERS = 100
MAX_SECONDS = 600
# New users a second. A password is hashed slowly on purpose, so a crowd at the door measures only the hash.
SIGN_INS = 1.0


@dataclass(frozen=True)
class Stage:
    """`users` at once for `seconds`, reached at `spawn_rate` users a second."""

    seconds: int
    users: int
    spawn_rate: float


def smoke(*, seconds: int, users: int) -> tuple[Stage, ...]:
    """A third of the users for a quarter of the time, then all of them."""
    first = max(1, seconds // 4)
    return (Stage(first, max(1, users // 3), SIGN_INS), Stage(max(1, seconds - first), users, SIGN_INS))


class Staged(LoadTestShape):
    """Plays stages one after another, then ends the run."""

    def __init__(self, stages: tuple[Stage, ...]) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # Locust's shape is not annotated
        total = sum(stage.seconds for stage in stages)
        if total > MAX_SECONDS or max(stage.users for stage in stages) > MAX_USERS:
            raise ValueError(f"a run has at most {MAX_USERS} users and {MAX_SECONDS} s")
        self._stages = tuple(zip(accumulate(stage.seconds for stage in stages), stages, strict=True))

    def tick(self) -> tuple[int, float] | None:
        """Users and spawn rate of now; None ends the run."""
        now = self.get_run_time()  # type: ignore[no-untyped-call] # Locust's shape is not annotated
        return next(((stage.users, stage.spawn_rate) for end, stage in self._stages if now < end), None)
