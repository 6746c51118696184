"""The Planner: signs in once, then reads far more than it writes, and cleans up after itself."""

import os
from typing import ClassVar

from locust import HttpUser, between, task

API = "/api/v1"


class Planner(HttpUser):
    """Someone who plans a day: looks at the list, adds a todo, starts and completes it, deletes it.

    Every request has a `name=` without ids, so the statistics group by route and not by row.
    """

    wait_time = between(0.2, 0.8)
    connection_timeout: ClassVar[float] = 5.0
    network_timeout: ClassVar[float] = 10.0

    def on_start(self) -> None:
        """Sign in; a refused sign-in is a failed request and therefore fails the run."""
        self.open_todos: list[str] = []
        with self.client.post(
            f"{API}/auth/tokens",
            json={"username": os.environ["LOAD_USERNAME"], "password": os.environ["LOAD_PASSWORD"]},
            name="sign in",
            catch_response=True,
        ) as answer:
            token = _field(answer, "token")
            if token is None:
                answer.failure(f"no token in the answer, status {answer.status_code}")
                return
        self.client.headers["Authorization"] = f"Bearer {token}"

    def on_stop(self) -> None:
        """Delete what is still there: a load run leaves no rows behind."""
        while self.open_todos:
            self._delete(self.open_todos.pop())

    @task(6)
    def look_at_the_list(self) -> None:
        """Read the first page of todos."""
        self.client.get(f"{API}/todos", name="list todos")

    @task(3)
    def look_at_one(self) -> None:
        """Read one todo of the user's own."""
        if self.open_todos:
            self.client.get(f"{API}/todos/{self.open_todos[-1]}", name="read todo")

    @task(2)
    def add(self) -> None:
        """Create a todo with a harmless text."""
        with self.client.post(
            f"{API}/todos", json={"title": "water the plants"}, name="add todo", catch_response=True
        ) as answer:
            todo = _field(answer, "id")
            if todo is None:
                answer.failure(f"no id in the answer, status {answer.status_code}")
            else:
                self.open_todos.append(todo)

    @task(1)
    def finish(self) -> None:
        """Start, complete and delete the oldest todo."""
        if not self.open_todos:
            return
        todo = self.open_todos.pop(0)
        self.client.post(f"{API}/todos/{todo}/start", name="start todo")
        self.client.post(f"{API}/todos/{todo}/complete", name="complete todo")
        self._delete(todo)

    def _delete(self, todo: str) -> None:
        self.client.delete(f"{API}/todos/{todo}", name="delete todo")


def _field(answer: object, name: str) -> str | None:
    """A text field of a successful JSON answer; None for anything else."""
    if not getattr(answer, "ok", False):
        return None
    try:
        body = answer.json()  # type: ignore[attr-defined] # Locust's response proxies requests.Response without types
    except ValueError:
        return None
    value = body.get(name) if isinstance(body, dict) else None
    return value if isinstance(value, str) else None
