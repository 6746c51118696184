"""django-debug-toolbar and django-silk, behind TODO_DEV_TOOLS. Imported only then; the image has neither package."""

from typing import Any

from django.http import HttpRequest
from django.urls import URLPattern, URLResolver, include, path

APPS = ["debug_toolbar", "silk"]
STORAGES = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
_AFTER = "todo_app.common.request_log.RequestLogMiddleware"


def shown(request: HttpRequest) -> bool:
    """On every page but the tools' own and the admin's add-on windows; the default would ask for DEBUG."""
    return not request.path.startswith("/silk/")


TOOLBAR: dict[str, Any] = {"SHOW_TOOLBAR_CALLBACK": "config.dev_tools.shown", "IS_RUNNING_TESTS": False}


def middleware(ours: list[str]) -> list[str]:
    """Both tools inside the request log, around everything else."""
    at = ours.index(_AFTER) + 1
    tools = ["debug_toolbar.middleware.DebugToolbarMiddleware", "silk.middleware.SilkyMiddleware"]
    return [*ours[:at], *tools, *ours[at:]]


def urls() -> list[URLPattern | URLResolver]:
    """Addresses of the tools."""
    return [
        path("__debug__/", include("debug_toolbar.urls")),
        path("silk/", include("silk.urls", namespace="silk")),
    ]
