"""Delivery: the app, connected to what the data stack exports."""

import pulumi

from infra.components.places import APP, APP_NAMESPACE
from infra.components.policies import Policies, PoliciesArgs
from infra.components.reference import stack_reference
from infra.components.todo_app import Backend, Background, TodoApp, TodoAppArgs, Web
from infra.components.todo_app_reach import Reach
from infra.components.todo_app_vault import Secrets
from infra.settings.delivery import DeliverySettings
from infra.settings.load import load

settings = load(DeliverySettings)
judging: list[pulumi.Resource] = []  # before the app, so that the app is judged as everything after it is
if settings.policies:
    judging = [Policies("policies", PoliciesArgs.of(stack_reference("platform"), settings))]
app = TodoApp(
    APP,
    TodoAppArgs(
        namespace=APP_NAMESPACE,
        image=settings.images["todo-app"],
        environment=settings.env,
        web=Web.of(settings),
        background=Background.of(settings),
        backend=Backend.of(stack_reference("data")),
        reach=Reach.of(settings),
        secrets=Secrets.of(settings),
        meshed=settings.mesh,
        public_url=settings.public_url,
        allowed_hosts=settings.allowed_hosts,
        ban_threshold=settings.ban_threshold,
        demo_user=settings.demo_user,
        initial_words=settings.initial_words,
        trusted_proxies=settings.trusted_proxies,
    ),
    pulumi.ResourceOptions(depends_on=judging),
)
pulumi.export("service", app.service)
pulumi.export("url", settings.public_url)
