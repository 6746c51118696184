"""`make profile`: where list, create and moderate spend their time.

Leaves in out/profile for each request <name>.prof (`snakeviz <name>.prof`), <name>.callgrind (KCachegrind) and
lines.txt, the time by line of the functions named with --lines.
"""

import argparse
import cProfile
import importlib
import io
import pstats
import sys
from collections.abc import Callable
from pathlib import Path

from tests.craft.stand import Size, standing

OUT = Path(__file__).resolve().parents[3] / "out" / "profile"
LINES = (
    "todo_app.moderation.matcher:Matcher.hits",
    "todo_app.common.models:BaseModel.save",
    "todo_app.accounts.services:token_user",
    "todo_app.outbox.services:event_append",
)
SHOWN = 15
Request = Callable[[], object]


def requests() -> dict[str, Request]:
    """What is profiled: through routing, middleware, token and moderation, as clients come in."""
    from django.test import Client
    from django.utils import timezone

    from tests.craft.stand import seeded_user
    from todo_app.accounts.services import token_create

    token = token_create(user=seeded_user(), name="profile", now=timezone.now()).text
    client = Client(headers={"Authorization": f"Bearer {token}"})
    address, kind = "/api/v1/todos", "application/json"
    long = "an ordinary text without anything to hide " * 230

    def made(description: str = "") -> int:
        body = {"title": "profiled", "description": description}
        status = client.post(address, body, content_type=kind).status_code
        if status != 201:
            raise RuntimeError(f"create answered {status}")
        return status

    return {"list": lambda: client.get(address), "create": made, "moderate": lambda: made(long[:9_900])}


def profiled(request: Request, *, rounds: int) -> cProfile.Profile:
    """Warm, then under cProfile."""
    for _ in range(3):
        request()
    profile = cProfile.Profile()
    profile.enable()
    for _ in range(rounds):
        request()
    profile.disable()
    return profile


def table(profile: cProfile.Profile, *, rounds: int) -> list[str]:
    """The hottest functions by their own time."""
    stats = pstats.Stats(profile)
    rows = sorted(stats.stats.items(), key=lambda item: -item[1][2])[:SHOWN]  # type: ignore[attr-defined]  # typeshed leaves `stats` out
    lines = [f"{'own µs':>9} {'total µs':>9} {'calls':>7}  a request, function"]
    for (file, line, name), (_, calls, own, total, _) in rows:
        place = "/".join(Path(file).parts[-3:])
        lines.append(
            f"{own / rounds * 1e6:9.1f} {total / rounds * 1e6:9.1f} {calls / rounds:7.1f}  {place}:{line} {name}"
        )
    return lines


def by_line(names: list[str], run: Callable[[], None]) -> str:
    """Time by line of the named functions while `run` runs."""
    from line_profiler import LineProfiler

    profiler = LineProfiler()
    for name in names:
        module, _, path = name.partition(":")
        target = importlib.import_module(module)
        for part in path.split("."):
            target = getattr(target, part)
        profiler.add_function(target)
    profiler.enable_by_count()
    run()
    profiler.disable_by_count()
    text = io.StringIO()
    profiler.print_stats(text)
    return text.getvalue()


def main() -> int:
    """Profile, write, print."""
    parser = argparse.ArgumentParser(prog="make profile", description=__doc__)
    parser.add_argument("--rounds", type=int, default=300, help="requests of each kind")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--lines", nargs="*", default=list(LINES), help="module:function to time by line")
    chosen = parser.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    from pyprof2calltree import convert

    with standing(size=Size(users=50, todos=2_000, events=10, violations=10)):
        kinds = requests()
        for name, request in kinds.items():
            profile = profiled(request, rounds=chosen.rounds)
            profile.dump_stats(chosen.out / f"{name}.prof")
            convert(pstats.Stats(profile), str(chosen.out / f"{name}.callgrind"))
            sys.stdout.write(
                "\n".join([f"\n{name}, {chosen.rounds} requests", *table(profile, rounds=chosen.rounds), ""])
            )

        def all_of_them() -> None:
            for _ in range(max(1, chosen.rounds // 10)):
                for request in kinds.values():
                    request()

        (chosen.out / "lines.txt").write_text(by_line(chosen.lines, all_of_them), encoding="utf-8")
    sys.stdout.write(f"\n{chosen.out}: *.prof for snakeviz, *.callgrind for KCachegrind, lines.txt by line\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
