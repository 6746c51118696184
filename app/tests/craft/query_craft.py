"""`make querycraft`: what each technique gains, into docs/performance/query-craft.{json,md}.

Both ways run in turn on the same rows of a real PostgreSQL, so that noise of the machine hits both; the median counts.
`--check` only compares the table with the JSON file.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.craft.stand import Size, standing

ROOT = Path(__file__).resolve().parents[3]
OUT = ROOT / "docs" / "performance"
HEAD = """# Query craft

What each technique gains where the service uses it, measured by `make querycraft`: median of {rounds} runs, the two
ways in turn, the whole call with Django's own work. {todos:,} todos, of which the measured user has the oldest 2 %,
{events:,} events, {violations:,} violations, {users:,} users. Generated from
[query-craft.json](query-craft.json); a test compares the two.

| technique | where (`app/todo_app/`, `app/`) | used, µs | without, µs | gain |
|---|---|---|---|---|
"""


def measured(*, rounds: int) -> list[dict[str, Any]]:
    """One row a technique."""
    from tests.craft.techniques import all_techniques, dropped

    found = []
    for technique in all_techniques():
        times: dict[str, list[float]] = {"used": [], "without": []}
        for _ in range(rounds + 1):
            times["used"].append(_timed(technique.used))
            with dropped(technique.dropped):
                times["without"].append(_timed(technique.without))
        used, without = (statistics.median(values[1:]) for values in times.values())
        found.append(
            {
                "technique": technique.name,
                "where": technique.where,
                "used_us": round(used * 1e6, 1),
                "without_us": round(without * 1e6, 1),
                "gain": round(without / used, 2),
                "note": technique.note,
            }
        )
        sys.stdout.write(f"{found[-1]['gain']:>8} x  {technique.name}\n")
    return found


def _timed(way: Any) -> float:  # noqa: ANN401 - any callable
    before = time.perf_counter()
    way()
    return time.perf_counter() - before


def document(result: dict[str, Any]) -> str:
    """The table."""
    lines = [HEAD.format(**result["size"], rounds=result["rounds"])]
    for row in result["rows"]:
        place = f"{row['where']}" + (f"; {row['note']}" if row["note"] else "")
        lines.append(
            f"| {row['technique']} | {place} | {row['used_us']:,.0f} | {row['without_us']:,.0f} | {row['gain']:g} |\n"
        )
    lines.append(f"\n{result['machine']}, commit {result['commit']}, {result['date']}.\n")
    return "".join(lines)


def _commit() -> str:
    def git(*arguments: str) -> str:
        return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()

    changed = git("status", "--porcelain", "--untracked-files=no", "--", "app")
    return git("rev-parse", "--short=12", "HEAD") + ("+" if changed else "")


def main() -> int:
    """Measure, write, or compare."""
    parser = argparse.ArgumentParser(prog="make querycraft", description=__doc__)
    parser.add_argument("--rounds", type=int, default=31)
    parser.add_argument("--small", action="store_true", help="few rows, for the test")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--check", action="store_true")
    chosen = parser.parse_args()
    json_file, table_file = chosen.out / "query-craft.json", chosen.out / "query-craft.md"
    if chosen.check:
        same = table_file.read_text(encoding="utf-8") == document(json.loads(json_file.read_text(encoding="utf-8")))
        sys.stdout.write("" if same else "query-craft.md is not what query-craft.json says: make querycraft\n")
        return 0 if same else 1
    size = Size(users=20, todos=2_000, events=2_000, violations=2_000) if chosen.small else Size()
    with standing(size=size):
        rows = measured(rounds=chosen.rounds)
    result = {
        "rows": rows,
        "size": vars(size),
        "rounds": chosen.rounds,
        "machine": f"{os.cpu_count()} cores, {platform.system()} {platform.release()}, PostgreSQL 15",
        "commit": _commit(),
        "date": datetime.now(tz=UTC).date().isoformat(),
    }
    json_file.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    table_file.write_text(document(result), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
