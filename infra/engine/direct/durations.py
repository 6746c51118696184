"""Durations as Go writes them (`1m30s`): Pulumi's timeouts and Helm's."""

import re

UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
PART = re.compile(r"(\d+(?:\.\d+)?)(h|ms|m|s)")


def seconds(text: str) -> float:
    """`5m0s` and `300` are 300.0; raises ValueError for anything else."""
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    if not re.fullmatch(f"(?:{PART.pattern})+", text):
        raise ValueError(f"{text!r} is no duration; want for example 5m30s")
    return sum(float(amount) * UNITS[unit] for amount, unit in PART.findall(text))
