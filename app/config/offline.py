"""Settings for what runs without an environment: collectstatic in the image build, the OpenAPI command, mypy, tests.

Nothing here can serve: the secrets are random and the hosts are names that do not resolve.
"""

import os
import secrets
import tempfile
from pathlib import Path

from config.environment import NEEDED_SECRETS

DEFAULTS = {
    "TODO_ENVIRONMENT": "production",
    "TODO_PUBLIC_URL": "https://todo.invalid",
    "TODO_ALLOWED_HOSTS": "todo.invalid",
    "TODO_DATABASE_HOST": "postgresql.invalid",
    "TODO_REDIS_HOST": "redis.invalid",
}

for _name, _value in DEFAULTS.items():
    os.environ.setdefault(_name, _value)
if "TODO_SECRETS_DIR" not in os.environ:
    _folder = tempfile.TemporaryDirectory(prefix="todo-app-offline-")  # lives as long as this module
    for _secret in NEEDED_SECRETS:
        Path(_folder.name, _secret).write_text(secrets.token_urlsafe(64), encoding="utf-8")
    os.environ["TODO_SECRETS_DIR"] = _folder.name

from config.settings import *  # noqa: E402, F403 - the point of this module
