"""The service's settings, and the peer beside it under /peer/, behind the same middleware."""

from config.settings import *  # noqa: F403 - the point of this module
from config.settings import INSTALLED_APPS, LOGGING

INSTALLED_APPS = [*INSTALLED_APPS, "tests.peers"]
ROOT_URLCONF = "tests.bench.urls"
# a request's line is made and written, as in a container, but not into the figures
LOGGING["handlers"]["stdout"] = {"class": "logging.FileHandler", "filename": "/dev/null", "formatter": "json"}
