"""Where everything hangs."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from todo_app.common import health
from todo_app.pages import sign_in

urlpatterns = [
    path("api/v1/", include("todo_app.api.urls")),  # first: patterns are tried in order
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("admin/login/", sign_in.admin_sign_in),
    path("admin/", admin.site.urls),
    path("", include("todo_app.pages.urls")),
]
if settings.ENV.dev_tools:
    from config import dev_tools  # see config.settings

    urlpatterns = [*dev_tools.urls(), *urlpatterns]
handler400 = "todo_app.pages.errors.bad_request"
handler403 = "todo_app.pages.errors.permission_denied"
handler404 = "todo_app.pages.errors.not_found"
handler500 = "todo_app.pages.errors.server_error"
