"""A router, as in the tutorial."""

from rest_framework.routers import DefaultRouter

from tests.peers.views import TodoViewSet

router = DefaultRouter()
router.register("todos", TodoViewSet, basename="peer-todo")
urlpatterns = router.urls
