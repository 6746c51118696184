"""Where secrets are seen that nobody shall see: each in every form in which text travels, searched in files."""

import base64
import json
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import quote

# Shorter ones are found by chance.
LENGTH_MIN = 12


def forms(value: bytes) -> set[bytes]:
    """As it is, in base64 wherever it begins in a longer text, hexadecimal, in addresses and in JSON."""
    found = {value, value.hex().encode(), value.hex().upper().encode()}
    found |= {quote(value, safe="").encode(), quote(value, safe="").lower().encode()}
    text = value.decode("utf-8", errors="ignore")
    found.add(json.dumps(text)[1:-1].encode())
    found.add(json.dumps(json.dumps(text)[1:-1])[1:-1].encode())
    for before in range(3):
        # Characters that also hold bits of what stands before or behind are left out.
        whole = base64.b64encode(b"\0" * before + value)[-(-before * 8 // 6) : (before + len(value)) * 8 // 6]
        found |= {whole, whole.replace(b"+", b"-").replace(b"/", b"_")}
    return {form for form in found if len(form) >= LENGTH_MIN}


def core(value: bytes) -> bytes:
    """What of a secret is like no other: of a key in PEM a line from its middle, else the whole."""
    lines = value.strip().splitlines()
    return lines[len(lines) // 2] if value.startswith(b"-----BEGIN") and len(lines) > 2 else value.strip()


def seen(secrets: Mapping[str, bytes], places: Iterable[Path], *, folder: Path) -> dict[str, set[str]]:
    """Name of a secret → names of the places that hold it; never the secret itself. `folder` is for the needles."""
    names: dict[bytes, str] = {}
    for name, value in secrets.items():
        names |= dict.fromkeys(forms(core(value)), name)
    needles = folder / "needles"
    needles.touch(mode=0o600)
    needles.write_bytes(b"\n".join(form for form in names if b"\n" not in form) + b"\n")
    try:
        return _found(names, needles, [place for place in places if place.exists()])
    finally:
        needles.unlink()


def _found(names: Mapping[bytes, str], needles: Path, places: list[Path]) -> dict[str, set[str]]:
    hits: dict[str, set[str]] = {}
    for place in places:
        command = ["grep", "-rahoF", "-f", str(needles), "--", str(place)]
        done = subprocess.run(command, capture_output=True, check=False, timeout=300)
        if done.returncode > 1:
            raise OSError(f"grep in {place.name}: {done.stderr.decode(errors='replace')[:200]}")
        for line in set(done.stdout.splitlines()):
            hits.setdefault(names[line], set()).add(place.name)
    return hits
