"""Tests of the load tool; they send only to a server of their own on loopback."""
