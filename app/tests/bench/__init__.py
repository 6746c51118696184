"""Figures of the service: `python -m tests.bench NAME…` starts its servers and prints one JSON line a figure."""
