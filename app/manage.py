#!/usr/bin/env python3
"""Django's command line for developers; the image uses `entrypoint`."""

import os
import sys

from django.core.management import execute_from_command_line

from todo_app.common.audit import audited

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    with audited(lambda: {"command": sys.argv[1]}):
        execute_from_command_line(sys.argv)
