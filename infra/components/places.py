"""Where things run and whose pods they are: names shared by the stacks, written once."""

APP_NAMESPACE = "todo"
DATA_NAMESPACE = "data"
# Where policies hold, without exemption; what runs the platform itself is in namespaces of its own.
APP_NAMESPACES = (APP_NAMESPACE, DATA_NAMESPACE)
APP = "todo-app"
# Components of the app's chart that call each backend; the chart's own policies say the same from the other end.
REDIS_CLIENTS = ("web", "migrate")
DATABASE_CLIENTS = (*REDIS_CLIENTS, "relay", "run-due-todos", "maintenance")
APP_SECRET = "todo-app"  # noqa: S105 - the name of a Secret


def app_pods(*components: str) -> list[dict[str, str]]:
    """The labels of workloads of the app's chart."""
    return [{"app.kubernetes.io/name": APP, "app.kubernetes.io/component": component} for component in components]
