"""Measuring how the service uses the database, and where its time goes."""
