"""The pages' addresses."""

from django.urls import path

from todo_app.pages import moderation, oidc, password, people, recurrences, sign_in, todo, todos, words

app_name = "pages"
urlpatterns = [
    path("", todos.todos, name="todos"),
    path("todos/<uuid:key>", todo.todo, name="todo"),
    path("todos/<uuid:key>/<str:action>", todo.todo_action, name="todo-action"),
    path("recurrences", recurrences.recurrences, name="recurrences"),
    path("recurrences/<uuid:key>/<str:action>", recurrences.recurrence_action, name="recurrence-action"),
    path("sign-in", sign_in.sign_in, name="sign-in"),
    path("sign-out", sign_in.sign_out, name="sign-out"),
    path("oidc/sign-in", oidc.leave, name="oidc-sign-in"),
    path("oidc/callback", oidc.come_back, name="oidc-callback"),
    path("password", password.Password.as_view(), name="password"),
    path("moderation", moderation.desk, name="moderation"),
    path("moderation/words", words.words, name="words"),
    path("moderation/words/<uuid:key>/delete", words.delete, name="word-delete"),
    path("moderation/users/<uuid:key>", people.person, name="person"),
    path("moderation/users/<uuid:key>/ban", people.ban, name="ban"),
]
