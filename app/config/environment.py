"""Every setting of the service, from environment variables with the prefix TODO_."""

import difflib
import os
import re
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from config.database import LOGIN_FILE, login_of
from config.secret_files import SecretFiles, SecretMissing

PREFIX = "TODO_"
CLIENT_ID = "oidc-client-id"
NEEDED_SECRETS = ("django-secret-key", "database-password", "redis-password")


class SettingsInvalid(Exception):
    """All that is wrong with the settings, one line each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def _split(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _origin(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.netloc or parts.path not in {"", "/"} or parts.query:
        raise ValueError("an origin such as https://todo.example.org, without a path")
    return f"{parts.scheme}://{parts.netloc}"


def _issuer(value: str) -> str:
    parts = urlsplit(value)
    plain = parts.scheme == "http" and parts.hostname in {"127.0.0.1", "::1", "localhost"}
    if value and (not (parts.scheme == "https" or plain) or not parts.netloc or parts.query or parts.fragment):
        raise ValueError("an https address")
    return value


def _network(value: str) -> str:
    return str(ip_network(value))


_SHARD = re.compile(r"(?P<name>[a-z][a-z0-9-]{0,30})=(?P<host>[^:/]+)(:(?P<port>\d{1,5}))?/(?P<database>[^/]+)")


def _shard(value: str) -> str:
    found = _SHARD.fullmatch(value)
    if not found or found["name"] in {"default", "directory"} or int(found["port"] or 5432) > 65535:
        raise ValueError("name=host:port/database")
    return value


CommaList = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]


class Environment(BaseSettings):
    """What an operator may set; the descriptions are what an error message shows as right."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", env_ignore_empty=False)

    environment: Literal["local", "dev", "staging", "production"]
    secrets_dir: Path = Field(description="the folder with the secret files")
    public_url: Annotated[str, AfterValidator(_origin)] = Field(
        description="the origin users type, e.g. https://todo.example.org"
    )
    allowed_hosts: CommaList = Field(min_length=1, description="host names separated by commas")
    database_host: str = Field(min_length=1, description="a host name or address")
    database_port: int = Field(default=5432, ge=1, le=65535, description="a port, 1..65535")
    database_name: str = Field(default="todo", min_length=1, description="a database name")
    database_user: str = Field(default="todo", min_length=1, description="a role name")
    database_pool_max: int = Field(default=8, ge=1, le=100, description="connections of one process, 1..100")
    database_pooler: Literal["none", "transaction"] = Field(
        default="none", description="none, or transaction when TODO_DATABASE_HOST is a PgBouncer in transaction mode"
    )
    shards: Annotated[tuple[Annotated[str, AfterValidator(_shard)], ...], NoDecode, BeforeValidator(_split)] = Field(
        default=(), description="further databases, e.g. s1=db1.example.org:5432/todo,s2=db2.example.org/todo"
    )
    redis_host: str = Field(min_length=1, description="a host name or address")
    redis_port: int = Field(default=6379, ge=1, le=65535, description="a port, 1..65535")
    ban_threshold: int = Field(default=15, ge=1, le=10_000, description="violations that ban a user, 1..10000")
    violation_retention_months: int = Field(
        default=24, ge=0, le=1200, description="months a violation is kept, 1..1200; 0 keeps all"
    )
    audit_retention_days: int = Field(
        default=400, ge=0, le=36_500, description="days a row of the audit trails is kept, 1..36500; 0 keeps all"
    )
    trusted_proxies: Annotated[
        tuple[Annotated[str, AfterValidator(_network)], ...], NoDecode, BeforeValidator(_split)
    ] = Field(default=(), description="networks whose X-Forwarded-For is believed, e.g. 10.0.0.0/8,fd00::/8")
    oidc_issuer: Annotated[str, AfterValidator(_issuer)] = Field(
        default="", description="the https address of an identity provider as its tokens name it, or nothing"
    )
    oidc_audience: str = Field(default="", description="this service's name in the provider's tokens")
    oidc_jwks_url: Annotated[str, AfterValidator(_issuer)] = Field(
        default="", description="the https address of the provider's keys; nothing: by discovery"
    )
    oidc_groups_claim: str = Field(default="groups", min_length=1, description="the claim that lists groups")
    oidc_admin_group: str = Field(
        default="", description="the group whose members are administrators; nothing: roles are kept here"
    )
    oidc_sign_in: str = Field(
        default="", max_length=40, description="the name on the button of the sign-in page, or nothing: no such button"
    )
    oidc_authorize_url: Annotated[str, AfterValidator(_issuer)] = Field(
        default="", description="the https address of the provider's sign-in page; nothing: by discovery"
    )
    oidc_scopes: str = Field(
        default="openid profile", pattern=r"^openid( [^\s\"\\]+)*$", description="openid and further scopes, by spaces"
    )
    oidc_authority_file: str = Field(
        default="", description="a file with the authority of the provider's certificate; nothing: the system's"
    )
    demo_user: bool = Field(default=False, description="true or false")
    initial_words: CommaList = Field(default=(), description="words separated by commas")
    web_workers: int = Field(default=2, ge=1, le=64, description="gunicorn processes, 1..64")
    web_threads: int = Field(default=4, ge=1, le=64, description="threads of one process, 1..64")
    web_port: int = Field(default=8000, ge=1, le=65535, description="a port, 1..65535")
    metrics_port: int = Field(default=8001, ge=1, le=65535, description="a port, 1..65535")
    graceful_timeout: int = Field(
        default=25, ge=1, le=600, description="seconds a request may take to end after SIGTERM, 1..600"
    )
    dev_tools: bool = Field(default=False, description="true (environment local or dev only) or false")
    outbox_days: int = Field(default=7, ge=1, le=365, description="days a published event is kept, 1..365")
    relay_folder: Path = Field(default=Path("/var/lib/todo-app/events"), description="where the relay writes events")
    relay_file_kib: int = Field(default=8192, ge=64, le=1_048_576, description="KiB of one file of events, 64..1048576")
    relay_files: int = Field(default=4, ge=2, le=1000, description="files of events kept, 2..1000")
    relay_fsync: Literal["batch", "never"] = "batch"
    relay_batch: int = Field(default=100, ge=1, le=1000, description="events published at once, 1..1000")
    relay_tries: int = Field(default=10, ge=1, le=100, description="tries before an event is dead, 1..100")
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @field_validator("shards")
    @classmethod
    def _names_once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        names = [entry.partition("=")[0] for entry in value]
        if len(names) != len(set(names)):
            raise ValueError("each name once")
        return value

    def shard_places(self) -> dict[str, tuple[str, int, str]]:
        """Host, port and database of each shard by its name."""
        found = [match for entry in self.shards if (match := _SHARD.fullmatch(entry))]
        return {match["name"]: (match["host"], int(match["port"] or 5432), match["database"]) for match in found}


def load() -> tuple[Environment, SecretFiles]:
    """Read and judge everything at once.

    Raises SettingsInvalid listing each bad or missing value, where it comes from and what would be right.
    """
    problems = _misspelt(os.environ)
    environment: Environment | None = None
    try:
        environment = Environment()
    except ValidationError as error:
        problems += [_told(item["loc"], item["type"], item["input"], item["msg"]) for item in error.errors()]
    folder = environment.secrets_dir if environment else Path(os.environ.get(f"{PREFIX}SECRETS_DIR", ""))
    problems += [*_refused(os.environ), *_oidc_halves(os.environ, folder)]
    secrets = SecretFiles(folder)
    if environment or folder.name:
        problems += _missing(secrets)
    if problems or environment is None:
        raise SettingsInvalid(problems)
    return environment, secrets


def _told(location: tuple[int | str, ...], kind: str, given: object, message: str) -> str:
    name = str(location[0])
    field = Environment.model_fields[name]
    right = field.description or message.removeprefix("Input should be ")
    variable = f"{PREFIX}{name.upper()}"
    if kind == "missing":
        return f"environment variable {variable} is missing; expected: {right}"
    return f"environment variable {variable} is {given!r}; expected: {right}"


def _refused(environ: Mapping[str, str]) -> list[str]:
    """Single good values that do not go together; read raw, so that they are told beside other bad ones."""
    where, tools = environ.get(f"{PREFIX}ENVIRONMENT", ""), environ.get(f"{PREFIX}DEV_TOOLS", "")
    if where in {"staging", "production"} and tools.lower() in {"1", "true", "t", "yes", "y", "on"}:
        right = "false: the tools show queries and request bodies"
        return [f"environment variable {PREFIX}DEV_TOOLS is {tools!r} in environment {where}; expected: {right}"]
    return []


def _oidc_halves(environ: Mapping[str, str], folder: Path) -> list[str]:
    """Who issues tokens needs to be told with whom they are for; sign-in needs what we are to the issuer."""
    issuer, button = environ.get(f"{PREFIX}OIDC_ISSUER"), environ.get(f"{PREFIX}OIDC_SIGN_IN")
    client = (folder / CLIENT_ID).exists()
    problems = []
    if issuer and not environ.get(f"{PREFIX}OIDC_AUDIENCE") and not client:
        right = "this service's name in the provider's tokens, because TODO_OIDC_ISSUER is set"
        problems.append(f"environment variable {PREFIX}OIDC_AUDIENCE is missing; expected: {right}")
    if button and not issuer:
        right = "the https address of the provider, because TODO_OIDC_SIGN_IN is set"
        problems.append(f"environment variable {PREFIX}OIDC_ISSUER is missing; expected: {right}")
    if button and not client:
        problems.append(f"secret file {CLIENT_ID} is missing; expected, because TODO_OIDC_SIGN_IN is set")
    return problems


def _missing(secrets: SecretFiles) -> list[str]:
    problems = []
    for name in NEEDED_SECRETS:
        try:
            if name == "database-password" and (login := secrets.optional(LOGIN_FILE)) is not None:
                login_of(login)
            else:
                secrets.read(name)
        except SecretMissing as error:
            problems.append(str(error))
    return problems


def _misspelt(environ: Mapping[str, str]) -> list[str]:
    """Names that are nearly a setting. Others are left alone: Kubernetes adds TODO_APP_WEB_PORT and its like."""
    known = [f"{PREFIX}{name.upper()}" for name in Environment.model_fields]
    problems = []
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in known:
            near = difflib.get_close_matches(name, [k for k in known if k not in environ], n=1, cutoff=0.88)
            problems += [f"environment variable {name} is not a setting; did you mean {near[0]}?"] if near else []
    return problems
