"""Figures: what is measured, the goal, and where the result is kept. `python -m infra.verify.bench`."""
