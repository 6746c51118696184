"""The peer as a Django app."""

from django.apps import AppConfig


class PeersConfig(AppConfig):
    """Models without tables of their own."""

    name = "tests.peers"
    label = "peers"
