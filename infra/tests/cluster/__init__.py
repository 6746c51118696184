"""Tests of infra.cluster; those marked e2e run an instance of their own."""
