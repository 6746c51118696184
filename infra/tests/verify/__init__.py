"""Tests of the bench and fault harness, and the fault tests that need no cluster."""
