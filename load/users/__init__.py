"""Personas, one a file."""
