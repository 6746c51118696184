"""The pages' addresses."""

from django.urls import path

from todo_app.pages import moderation, sign_in, todos

app_name = "pages"
urlpatterns = [
    path("", todos.todos, name="todos"),
    path("todos/<uuid:key>/<str:action>", todos.todo_action, name="todo-action"),
    path("sign-in", sign_in.sign_in, name="sign-in"),
    path("sign-out", sign_in.sign_out, name="sign-out"),
    path("moderation", moderation.desk, name="moderation"),
    path("moderation/users/<uuid:key>/ban", moderation.ban, name="ban"),
]
