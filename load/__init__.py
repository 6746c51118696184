"""Load as a verdict: personas, shapes, thresholds and an exit code; imports nothing of `app` or `infra`."""
