"""Every figure, in the order they are measured and shown."""

from infra.verify.bench.app import SERVICE
from infra.verify.bench.commands import CHECK, ENGINES, RENDER
from infra.verify.bench.figure import Figure
from infra.verify.bench.life import AGAIN, COLD, MEMORY, WARM
from infra.verify.bench.rollout import ROLLOUT
from infra.verify.bench.rotate import ROTATE
from infra.verify.bench.security import FULL, POLICIES, STANDARD
from infra.verify.bench.sidecar import SIDECAR

FIGURES: tuple[Figure, ...] = (
    *SERVICE,
    COLD,
    WARM,
    AGAIN,
    MEMORY,
    RENDER,
    CHECK,
    POLICIES,
    STANDARD,
    FULL,
    SIDECAR,
    ENGINES,
    ROLLOUT,
    ROTATE,
)
ROW_IDS: tuple[str, ...] = tuple(goal.id for figure in FIGURES for goal in figure.goals)
# Names BENCH= understands besides the figures' own: groups, and rows that a figure gives along.
GROUPS: dict[str, tuple[str, ...]] = {
    **{goal.id: (figure.id,) for figure in FIGURES for goal in figure.goals if goal.id != figure.id},
    "disk": ("up_cold",),
    "app": tuple(figure.id for figure in FIGURES if figure.group == "app"),
    "platform": tuple(figure.id for figure in FIGURES if figure.group == "platform"),
    "all": tuple(figure.id for figure in FIGURES),
}
