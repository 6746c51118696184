"""Locked Python dependencies as a folder of installed wheels, for an image that has no pip."""

from pathlib import Path

from infra.lib.process import run

# The interpreter and C library of the `python` image; only wheels for them are taken.
PYTHON = "3.11"
PLATFORM = "x86_64-manylinux_2_36"
DEADLINE = 10 * 60.0


def install(requirements: str, *, target: Path, scratch: Path, log: Path) -> None:
    """Install `requirements` (with hashes, as `uv export` writes them) into `target`, wheels only, hashes checked."""
    listed = scratch / "requirements.txt"
    listed.write_text(requirements, encoding="utf-8")
    run(
        [
            "uv",
            "pip",
            "install",
            "--no-progress",
            "--no-deps",
            "--require-hashes",
            "--only-binary=:all:",
            "--link-mode=copy",
            f"--python-version={PYTHON}",
            f"--python-platform={PLATFORM}",
            f"--target={target}",
            f"--requirements={listed}",
        ],
        log=log,
        deadline=DEADLINE,
        hint=f"less {log}; downloads that broke are fetched again by the next run of the same command",
    )
    # Start scripts would name this machine's interpreter; `python3 -m` needs none.
    for script in (target / "bin").glob("*"):
        script.unlink()
