"""The API's addresses."""

from django.urls import path, re_path

from todo_app.api import auth, moderation, todos
from todo_app.api.missing import missing

app_name = "api"
urlpatterns = [
    path("auth/tokens", auth.AuthTokens.as_view()),
    path("auth/tokens/<uuid:key>", auth.AuthToken.as_view()),
    path("auth/me", auth.AuthMe.as_view()),
    path("todos", todos.Todos.as_view()),
    path("todos/<uuid:key>", todos.TodoDetail.as_view()),
    *[path(f"todos/<uuid:key>/{name}", view.as_view()) for name, view in todos.ACTIONS.items()],
    path("banned-words", moderation.BannedWords.as_view()),
    path("banned-words/<uuid:key>", moderation.BannedWordDetail.as_view()),
    path("violations", moderation.Violations.as_view()),
    path("violations/<uuid:key>", moderation.ViolationDetail.as_view()),
    path("users/ban", moderation.UsersBan.as_view()),
    re_path(r"^(?P<rest>.*)$", missing),
]
