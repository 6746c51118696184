"""Delivery: the app, connected to what the data stack exports."""

import pulumi

from infra.components.places import APP, APP_NAMESPACE
from infra.components.reference import stack_reference
from infra.components.todo_app import Backend, TodoApp, TodoAppArgs, Web
from infra.settings.delivery import DeliverySettings
from infra.settings.load import load

settings = load(DeliverySettings)
data = stack_reference("data")
database, redis = data.require_output("database"), data.require_output("redis")

app = TodoApp(
    APP,
    TodoAppArgs(
        namespace=APP_NAMESPACE,
        image=settings.images["todo-app"],
        environment=settings.env,
        web=Web.of(settings),
        backend=Backend(
            database_host=database["host"],
            database_port=database["port"].apply(int),
            database_name=database["name"],
            database_user=database["user"],
            redis_host=redis["host"],
            redis_port=redis["port"].apply(int),
            secret=data.require_output("app_secret"),
        ),
        public_url=settings.public_url,
        allowed_hosts=settings.allowed_hosts,
        ban_threshold=settings.ban_threshold,
        demo_user=settings.demo_user,
        initial_words=settings.initial_words,
    ),
)

pulumi.export("service", app.service)
pulumi.export("url", settings.public_url)
