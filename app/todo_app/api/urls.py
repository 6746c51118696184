"""The API's addresses. Others under /api/ are answered with a problem by the handlers in config.urls."""

from django.urls import path

from todo_app.api import audit, auth, moderation, recurrences, reports, todos, users, words_csv

app_name = "api"
urlpatterns = [
    # tried in order: what is asked for most comes first
    path("todos", todos.Todos.as_view()),
    path("todos/export", todos.TodosExport.as_view()),
    path("todos/tags", todos.TodoTags.as_view()),
    path("todos/<uuid:key>", todos.TodoDetail.as_view()),
    path("todos/<uuid:key>/start", todos.TodoStart.as_view()),
    path("todos/<uuid:key>/complete", todos.TodoComplete.as_view()),
    path("todos/<uuid:key>/reopen", todos.TodoReopen.as_view()),
    path("todos/<uuid:key>/cancel", todos.TodoCancel.as_view()),
    path("auth/tokens", auth.AuthTokens.as_view()),
    path("auth/tokens/<uuid:key>", auth.AuthToken.as_view()),
    path("auth/me", auth.AuthMe.as_view()),
    path("recurrences", recurrences.Recurrences.as_view()),
    path("recurrences/<uuid:key>", recurrences.RecurrenceDetail.as_view()),
    path("recurrences/<uuid:key>/pause", recurrences.RecurrencePause.as_view()),
    path("recurrences/<uuid:key>/resume", recurrences.RecurrenceResume.as_view()),
    path("recurrences/<uuid:key>/occurrences", recurrences.RecurrenceOccurrences.as_view()),
    path("banned-words", moderation.BannedWords.as_view()),
    path("banned-words/export", words_csv.WordsExport.as_view()),
    path("banned-words/import", words_csv.WordsImport.as_view()),
    path("banned-words/<uuid:key>", moderation.BannedWordDetail.as_view()),
    path("violations", reports.Violations.as_view()),
    path("violations/days", reports.ViolationDays.as_view()),
    path("violations/words", reports.ViolationWords.as_view()),
    path("violations/users/<uuid:key>", reports.UserViolationLog.as_view()),
    path("violations/<uuid:key>", moderation.ViolationDetail.as_view()),
    path("users/ban", users.UsersBan.as_view()),
    path("users/<uuid:key>", users.UserDetail.as_view()),
    path("audit/users", audit.AuditUsers.as_view()),
    path("audit/words", audit.AuditWords.as_view()),
]
