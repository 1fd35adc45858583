"""Django's settings. Those that an operator can change are read with `logsui.env` and listed in docs/settings.md."""

from __future__ import annotations

from pathlib import Path

from logsui import __version__, database, env, secret_key

BASE_DIR = Path(__file__).resolve().parent.parent

LOGSUI_DATA_DIR = env.directory("LOGSUI_DATA_DIR", "var", base=BASE_DIR)
LOGSUI_DATABASE_URL = env.text("DATABASE_URL", "")
LOGSUI_HOST = env.text("HOST", "127.0.0.1")
LOGSUI_PORT = env.integer("PORT", 8000, minimum=1, maximum=65535)
LOGSUI_WEB_WORKERS = env.integer("LOGSUI_WEB_WORKERS", 2, minimum=1, maximum=64)
LOGSUI_WEB_THREADS = env.integer("LOGSUI_WEB_THREADS", 8, minimum=1, maximum=256)
# Memory limit of one process of each kind. Above it, the process ends and is started again.
LOGSUI_WEB_MEMORY = env.size("LOGSUI_WEB_MEMORY", "2 GiB", minimum=128 * 2**20)
LOGSUI_DIGESTER_MEMORY = env.size("LOGSUI_DIGESTER_MEMORY", "1536 MiB", minimum=128 * 2**20)
# A process without a sign of work for this long is started again.
LOGSUI_HANG_SECONDS = env.integer("LOGSUI_HANG_SECONDS", 60, minimum=4, maximum=86_400)
# Requests of one process that may wait for a thread; more get the response 503.
LOGSUI_WEB_QUEUE = env.integer("LOGSUI_WEB_QUEUE", 256, minimum=1, maximum=10_000)
LOGSUI_WEB_CONNECTIONS = env.integer("LOGSUI_WEB_CONNECTIONS", 2_000, minimum=10, maximum=100_000)
# When a thread works for longer than this, its process is replaced.
LOGSUI_REQUEST_SECONDS = env.integer("LOGSUI_REQUEST_SECONDS", 120, minimum=1, maximum=86_400)
# Limits for clients that send or read slowly: how much must move in which time, and how much may wait on disk.
LOGSUI_STALL_SECONDS = env.integer("LOGSUI_STALL_SECONDS", 20, minimum=1, maximum=3_600)
LOGSUI_STALL_BYTES = env.size("LOGSUI_STALL_BYTES", "20 KiB", minimum=1)
LOGSUI_TRANSFER_SECONDS = env.integer("LOGSUI_TRANSFER_SECONDS", 600, minimum=1, maximum=86_400)
LOGSUI_SPOOL_DIR = LOGSUI_DATA_DIR / "spool"
LOGSUI_SPOOL_MAX_BYTES = env.size("LOGSUI_SPOOL_MAX_BYTES", "1 GiB", minimum=2**20)
LOGSUI_LOG_LEVEL = env.choice("LOGSUI_LOG_LEVEL", "INFO", ["DEBUG", "INFO", "WARNING", "ERROR"])

# Limits of one request.
LOGSUI_MAX_BODY_BYTES = env.size("LOGSUI_MAX_BODY_BYTES", "64 MiB", minimum=2**10)
LOGSUI_MAX_LOG_BYTES = env.size("LOGSUI_MAX_LOG_BYTES", "32 MiB", minimum=2**10)
LOGSUI_MAX_LOGS_PER_REQUEST = env.integer("LOGSUI_MAX_LOGS_PER_REQUEST", 10_000, minimum=1, maximum=1_000_000)
# How much may wait for the digester; more gets the response 503.
LOGSUI_INBOX_MAX_BYTES = env.size("LOGSUI_INBOX_MAX_BYTES", "2 GiB", minimum=2**20)
LOGSUI_INBOX_PROJECT_PERCENT = env.integer("LOGSUI_INBOX_PROJECT_PERCENT", 50, minimum=1, maximum=100)
# Limits of one page. Whatever does not fit is a click away.
LOGSUI_PAGE_MAX_BYTES = env.size("LOGSUI_PAGE_MAX_BYTES", "2 MB", minimum=200_000)
LOGSUI_PAGE_MAX_SECONDS = env.integer("LOGSUI_PAGE_MAX_SECONDS", 2, minimum=1, maximum=600)
LOGSUI_PAGE_STATEMENT_SECONDS = env.integer("LOGSUI_PAGE_STATEMENT_SECONDS", 10, minimum=1, maximum=3_600)
# One transaction of the digester.
LOGSUI_DIGEST_BATCH_LOGS = env.integer("LOGSUI_DIGEST_BATCH_LOGS", 500, minimum=1, maximum=10_000)
LOGSUI_DIGEST_BATCH_BYTES = env.size("LOGSUI_DIGEST_BATCH_BYTES", "6 MiB", minimum=2**20)

LOGSUI_CONVERSATION_WINDOW_HOURS = env.integer("LOGSUI_CONVERSATION_WINDOW_HOURS", 24, maximum=24 * 366)
LOGSUI_DIGEST_PROCESSES = env.integer("LOGSUI_DIGEST_PROCESSES", 2, minimum=1, maximum=16)

SECRET_KEY = env.secret("LOGSUI_SECRET_KEY") or secret_key.load_or_create(LOGSUI_DATA_DIR)
DEBUG = env.boolean("LOGSUI_DEBUG", False)
ALLOWED_HOSTS = env.names("LOGSUI_ALLOWED_HOSTS", ["*"])
CSRF_TRUSTED_ORIGINS = env.names("LOGSUI_TRUSTED_ORIGINS", [])

ROOT_URLCONF = "logsui.urls"
WSGI_APPLICATION = "logsui.wsgi.application"
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    "sessions_app",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "logsui.middleware.CompressedPages",
    "logsui.middleware.content_security_policy",
    # Before any middleware that may answer in HTML: under /api/ it turns such responses into JSON.
    "sessions_app.api.errors.json_errors",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "logsui.middleware.bounded_answers",
    "logsui.middleware.DatabaseOutage",
    "logsui.middleware.OutOfMemory",
    # Asked first about an exception, as it is the last.
    "sessions_app.pages.too_long.StatementTimeout",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {"default": database.config(LOGSUI_DATABASE_URL, LOGSUI_DATA_DIR)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = LOGSUI_DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/login/"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
] + [{"NAME": "logsui.passwords.MaximumLengthValidator"}]
PASSWORD_HASHERS = ["logsui.passwords.BoundedPBKDF2Hasher"]

# Set behind a proxy that terminates TLS. Cookies are then sent over https only.
LOGSUI_HTTPS = env.boolean("LOGSUI_HTTPS", False)
# How many proxies there are; their entries in X-Forwarded-For are trusted.
LOGSUI_PROXIES = env.integer("LOGSUI_PROXIES", 0, maximum=10)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if LOGSUI_HTTPS else None
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LOGSUI_HTTPS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
# Cookies are shared by all ports of a host, so these names keep them apart from other Django sites'.
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "logsui_session", "logsui_csrf"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "sessions_app.api.authentication.ApiKeyAuthentication",
        "sessions_app.api.authentication.BrowserAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["sessions_app.api.permissions.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["sessions_app.api.renderers.OrjsonRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "sessions_app.api.renderers.JsonOnly",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "sessions_app.api.errors.exception_handler",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "logsui",
    "VERSION": __version__,
    "OAS_VERSION": "3.1.0",
    # Whoever reads the document writes a program: browsers are left out.
    "AUTHENTICATION_WHITELIST": [
        "sessions_app.api.authentication.ApiKeyAuthentication",
        "sessions_app.api.authentication.BasicKeyAuthentication",
    ],
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    # In place of the hook that gives enumerations names of their own: ours stay where they are.
    "POSTPROCESSING_HOOKS": ["sessions_app.api.schema.finish"],
    "SORT_OPERATIONS": False,
    "SORT_OPERATION_PARAMETERS": False,
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    # URLs are logged, and that of a sign-in link is as good as a password.
    "formatters": {
        "line": {
            "()": "logsui.scrub.ScrubbingFormatter",
            "format": "{asctime} {levelname} {name}: {message}",
            "style": "{",
        }
    },
    "filters": {"refusals": {"()": "logsui.scrub.RefusalsInOneLine"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["refusals"]}},
    "root": {"handlers": ["stderr"], "level": LOGSUI_LOG_LEVEL},
    # At DEBUG, Django would log every SQL statement with its values.
    "loggers": {
        "django": {
            "handlers": [],
            "level": "INFO" if LOGSUI_LOG_LEVEL == "DEBUG" else LOGSUI_LOG_LEVEL,
            "propagate": True,
        }
    },
}
