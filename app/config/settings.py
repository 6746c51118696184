"""Django's settings. Values come from `environment`, secrets from files; nothing here has a secret default."""

import sys
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from django.templatetags.static import static

from config.database import LIMITS, database_settings
from config.environment import SettingsInvalid, load
from config.logs import logging_config

try:
    ENV, SECRETS = load()
except SettingsInvalid as _invalid:
    # the process cannot say more than this list, so it ends here, without a traceback
    sys.stderr.write("".join(f"todo-app: {problem}\n" for problem in _invalid.problems))
    sys.exit(2)

BASE_DIR = Path(__file__).resolve().parent.parent
SECRET_KEY = SECRETS.read("django-secret-key")
SECRET_KEY_FALLBACKS = SECRETS.optional_lines("django-secret-key-fallbacks")
DEBUG = False
ALLOWED_HOSTS = list(ENV.allowed_hosts)
CSRF_TRUSTED_ORIGINS = [ENV.public_url]

INSTALLED_APPS = [
    "todo_app.common",
    "todo_app.outbox",
    "todo_app.shards",
    "todo_app.accounts",
    "todo_app.moderation",
    "todo_app.todos",
    "todo_app.api",
    "todo_app.pages",
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    "drf_spectacular",
    "pgtrigger",
    "pghistory",
]
MIDDLEWARE = [
    "todo_app.common.request_log.RequestLogMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "todo_app.common.content_policy.ContentPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "todo_app.common.host_check.HostCheckMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "todo_app.accounts.middleware.BanMiddleware",
    "todo_app.common.nul_check.NulCheckMiddleware",
    "todo_app.common.audit.AuditMiddleware",
    "todo_app.common.page_messages.PageMessagesMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

DATABASES: dict[str, dict[str, Any]] = {
    "default": database_settings(
        host=ENV.database_host,
        port=ENV.database_port,
        name=ENV.database_name,
        user=ENV.database_user,
        pool_max=ENV.database_pool_max,
        pooler=ENV.database_pooler,
    )
}
DATABASE_LIMITS = LIMITS
SHARDS = tuple(ENV.shard_places())  # beside "default", which is the directory
for _alias, (_host, _port, _name) in ENV.shard_places().items():
    DATABASES[_alias] = database_settings(
        host=_host,
        port=_port,
        name=_name,
        user=ENV.database_user,
        pool_max=ENV.database_pool_max,
        pooler=ENV.database_pooler,
    )
if SHARDS:
    MIDDLEWARE.insert(
        MIDDLEWARE.index("django.contrib.sessions.middleware.SessionMiddleware") + 1,
        "todo_app.accounts.home_middleware.HomeMiddleware",
    )
    SESSION_ENGINE = "todo_app.shards.sessions"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TRUSTED_PROXIES = [ip_network(network) for network in ENV.trusted_proxies]
REDIS_HOST, REDIS_PORT = ENV.redis_host, ENV.redis_port

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["todo_app.accounts.backends.AccountBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "pages:sign-in"
LOGIN_REDIRECT_URL = "pages:todos"
BAN_THRESHOLD = ENV.ban_threshold
VIOLATION_RETENTION_MONTHS = ENV.violation_retention_months
AUDIT_RETENTION_DAYS = ENV.audit_retention_days
OIDC_ISSUER, OIDC_AUDIENCE, OIDC_JWKS_URL = ENV.oidc_issuer, ENV.oidc_audience, ENV.oidc_jwks_url
OIDC_GROUPS_CLAIM, OIDC_ADMIN_GROUP = ENV.oidc_groups_claim, ENV.oidc_admin_group
OIDC_SIGN_IN, OIDC_AUTHORIZE_URL, OIDC_SCOPES = ENV.oidc_sign_in, ENV.oidc_authorize_url, ENV.oidc_scopes
OIDC_AUTHORITY_FILE = ENV.oidc_authority_file
PUBLIC_URL = ENV.public_url

# Cookies and HSTS follow the scheme users type: over http a Secure cookie never returns, and an HSTS
# header for 127.0.0.1 would make every other local site unreachable, so env local on plain http works.
SECURE = ENV.public_url.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SESSION_COOKIE_AGE = 12 * 3600  # seconds: one working day
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE
SECURE_SSL_REDIRECT = SECURE
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]  # the kubelet asks over http
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "todo_app.pages.errors.csrf_failure"

LANGUAGE_CODE = "en"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "static_collected"
STORAGES = {"staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}}
DATA_UPLOAD_MAX_MEMORY_SIZE = 512 * 1024  # bytes; the largest body is a ban of 10,000 users, 390 kB
LOGGING_CONFIG = "logging.config.dictConfig"
LOGGING = logging_config(level=ENV.log_level)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["todo_app.api.authentication.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["todo_app.api.permissions.SignedIn"],
    "DEFAULT_RENDERER_CLASSES": ["todo_app.api.json.OrjsonRenderer"],
    "DEFAULT_PARSER_CLASSES": ["todo_app.api.json.OrjsonParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "todo_app.api.errors.problem_of_exception",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Slipway todo service",
    "DESCRIPTION": "Todos that are moderated. Errors are RFC 9457 problems.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "ENABLE_DJANGO_DEPLOY_CHECK": True,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "todo_app.api.openapi.add_common_problems",
    ],
}
# the blue of tokens.css in unfold's eleven steps
ACCENT = {
    "50": "#eef3fe",
    "100": "#dde7fd",
    "200": "#c2d3fb",
    "300": "#9db7f8",
    "400": "#7091f1",
    "500": "#466ce6",
    "600": "#2450d3",
    "700": "#1d41b0",
    "800": "#1a3891",
    "900": "#193273",
    "950": "#0f1e47",
}
UNFOLD = {
    "SITE_TITLE": "Slipway",
    "SITE_HEADER": "Slipway moderation",
    "SITE_URL": "/",
    "COLORS": {"primary": ACCENT},
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": lambda _request: static("site/icon.svg")}],
}

if ENV.dev_tools:
    from config import dev_tools  # the packages are not in the image, and the settings above refuse the flag there

    INSTALLED_APPS += dev_tools.APPS
    MIDDLEWARE = dev_tools.middleware(MIDDLEWARE)
    STORAGES = dev_tools.STORAGES
    WHITENOISE_USE_FINDERS = True  # files of the tools as they are, without collectstatic
    DEBUG_TOOLBAR_CONFIG = dev_tools.TOOLBAR
    SILKY_AUTHENTICATION = SILKY_AUTHORISATION = True  # recorded bodies are for administrators
    SILKY_MAX_RECORDED_REQUESTS = 1000
