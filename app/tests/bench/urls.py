"""The service's addresses and the peer's."""

from django.urls import include, path

from config import urls

urlpatterns = [path("peer/", include("tests.peers.urls")), *urls.urlpatterns]
handler400, handler403 = urls.handler400, urls.handler403
handler404, handler500 = urls.handler404, urls.handler500
