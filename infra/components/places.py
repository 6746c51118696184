"""Where things run and whose pods they are: names shared by the stacks, written once."""

APP_NAMESPACE = "todo"
DATA_NAMESPACE = "data"
APP = "todo-app"
APP_SECRET = "todo-app"  # noqa: S105 - the name of a Secret


def app_pods(component: str) -> dict[str, str]:
    """The labels of one workload of the app's chart."""
    return {"app.kubernetes.io/name": APP, "app.kubernetes.io/component": component}
