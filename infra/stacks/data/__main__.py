"""Data: PostgreSQL and Redis, after the Job that makes their passwords."""

import pulumi

from infra.components import postgresql, redis, vault_stack
from infra.components.places import APP_NAMESPACE, APP_SECRET, DATA_NAMESPACE
from infra.components.protection import protects
from infra.components.reference import stack_reference
from infra.components.secrets_init import SecretsInit, SecretsInitArgs, spec_of_mini
from infra.components.stateful_service import Placement
from infra.components.traffic import callers
from infra.settings.data import DataSettings
from infra.settings.load import load

settings = load(DataSettings)
foundation = stack_reference("foundation")
sizes = foundation.require_output("volume_sizes")
placement = Placement(
    namespace=DATA_NAMESPACE,
    storage_class=foundation.require_output("storage_class").apply(lambda name: name or None),
    clients=callers("postgresql", profile=settings.profile),
    protect=protects(env=settings.env, allow_unprotected=settings.allow_unprotected),
    meshed=settings.mesh,
)
spec = spec_of_mini(app_namespace=APP_NAMESPACE, data_namespace=DATA_NAMESPACE, demo_user=settings.demo_user)
made_by = settings.images["secrets-init"]
init = SecretsInitArgs(namespace=DATA_NAMESPACE, image=made_by, spec=spec, profile=settings.profile)
with_secrets = pulumi.ResourceOptions(depends_on=[SecretsInit("secrets-init", init)])
wanted = postgresql.args_of(settings, placement, volume_size=sizes["postgresql"])
database = postgresql.Postgresql("postgresql", wanted, with_secrets)
near = placement.for_clients(callers("redis", profile=settings.profile))
cache = redis.Redis("redis", redis.args_of(settings, near, volume_size=sizes["redis"]), with_secrets)
if settings.vault:
    vault_stack.database(settings, pulumi.ResourceOptions(depends_on=[database]))

pulumi.export(
    "database", {"host": database.host, "port": database.port, "name": postgresql.DATABASE, "user": postgresql.USER}
)
pulumi.export("redis", {"host": cache.host, "port": cache.port})
pulumi.export("app_secret", APP_SECRET)
