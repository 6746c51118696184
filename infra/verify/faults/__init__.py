"""Fault tests with their seeded-defect twins. `python -m infra.verify.faults` runs them at full count."""
