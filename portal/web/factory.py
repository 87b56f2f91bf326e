"""The frame of the web application: limits, cookies, headers, health. Knows no door."""

from __future__ import annotations

import contextlib
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import redis
import structlog
from flask import Flask, g, request
from flask_wtf.csrf import CSRFError, CSRFProtect
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from werkzeug.middleware.proxy_fix import ProxyFix

from portal.kernel.db import Database, UnsafeLoginError, run
from portal.kernel.ids import new_id
from portal.kernel.migrate import newest_version
from portal.kernel.scopes import AtGate
from portal.web import errors, filters
from portal.web.access import install_login, permit
from portal.web.static import install_static

if TYPE_CHECKING:
    from flask import Response

    from portal.config import Config

ROOT = Path(__file__).resolve().parents[2]
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; manifest-src 'self'; font-src 'self'; "
    "form-action 'self'; frame-src 'self'; frame-ancestors 'none'; base-uri 'none'"
)
MOST_BYTES = 10 * 1024 * 1024
MOST_IMPORT_BYTES = 50 * 1024 * 1024

_SECRET = re.compile(r"[0-9A-Za-z_-]{20,}")

csrf = CSRFProtect()
log = structlog.get_logger("portal.web")


def make_app(config: Config) -> Flask:
    """Return an application without doors."""
    app = Flask(
        "portal", root_path=str(ROOT / "portal"), template_folder=str(ROOT / "templates"), static_folder=None
    )
    secure = config.base_url.startswith("https://")
    app.config.update(  # pyright: ignore[reportUnknownMemberType] (Flask leaves its settings open)
        SECRET_KEY=config.secret_key,
        TESTING=config.testing,
        MAX_CONTENT_LENGTH=MOST_BYTES,
        MAX_FORM_MEMORY_SIZE=500_000,
        MAX_FORM_PARTS=600,
        SESSION_COOKIE_NAME="__Host-portal" if secure else "portal",
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=secure,
        TRUSTED_HOSTS=trusted_hosts(config),
    )
    if config.proxy_hops:
        app.wsgi_app = ProxyFix(
            app.wsgi_app, x_for=config.proxy_hops, x_proto=config.proxy_hops, x_host=config.proxy_hops
        )
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.extensions["config"] = config
    app.extensions["database"] = _database(config)
    app.extensions["redis"] = redis.Redis.from_url(  # pyright: ignore[reportUnknownMemberType] (redis-py leaves its options open)
        config.redis_url, socket_timeout=2, socket_connect_timeout=2
    )
    # In this order before each view: who it is, then how much they may send, then CSRF, which reads the body.
    install_login(app, secure=secure)
    _install_requests(app)
    _refuse_other_sites(app, own=urlsplit(config.base_url).netloc)
    csrf.init_app(app)  # pyright: ignore[reportUnknownMemberType] (Flask-WTF has no types)
    install_static(app)
    filters.install(app)
    errors.install(app)
    _install_health(app)
    return app


def _database(config: Config) -> Database:
    """Open the logins. One that sees past the walls stops the start; a database that is away is waited for by `/readyz`."""
    database = Database.from_config(config)
    with contextlib.suppress(OperationalError):
        database.refuse_unsafe_logins()
    return database


def trusted_hosts(config: Config) -> list[str]:
    """Return the names under which this installation answers: the one of its base address, and loopback in front of it."""
    return sorted({urlsplit(config.base_url).hostname or "localhost", "localhost", "127.0.0.1"})


def _install_requests(app: Flask) -> None:
    @app.before_request
    def begin() -> None:
        g.request_id, g.started = new_id().hex, time.perf_counter()
        principal = g.get("principal")
        if request.endpoint == "merchants.upload" and principal is not None and principal.kind == "merchant":
            request.max_content_length = MOST_IMPORT_BYTES

    @app.after_request
    def finish(response: Response) -> Response:
        headers = response.headers
        headers.setdefault("Content-Security-Policy", CSP)
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("Referrer-Policy", "same-origin")
        headers.setdefault("Cache-Control", "no-store")
        headers.setdefault("Permissions-Policy", "camera=(self), microphone=(), geolocation=()")
        headers.setdefault("X-Frame-Options", "DENY")
        headers["X-Request-Id"] = g.get("request_id", "")
        if app.config["SESSION_COOKIE_SECURE"]:
            headers.setdefault("Strict-Transport-Security", "max-age=31536000")
        principal = g.get("principal")
        log.info(
            "request", id=g.get("request_id"), method=request.method, path=_log_path(), status=response.status_code,
            ms=round((time.perf_counter() - g.get("started", time.perf_counter())) * 1000, 1), merchant=str(principal.merchant_id) if principal else None,
        )  # fmt: skip
        return response


def _refuse_other_sites(app: Flask, *, own: str) -> None:
    """Refuse what a page of another site sends, before its token is looked at: browsers say where a form comes from."""

    @app.before_request
    def check_origin() -> None:
        origin = request.headers.get("Origin")
        if request.method in ("GET", "HEAD", "OPTIONS") or origin is None or request.blueprint == "api":
            return
        if urlsplit(origin).netloc not in (own, request.host):
            raise CSRFError("sent from another site")


def _log_path() -> str:
    """Return the path for the log, without the secrets that some links carry."""
    if request.url_rule is not None:
        return request.url_rule.rule if "<token>" in request.url_rule.rule else request.path
    # No page of ours: a link that somebody's mail program has added to still holds its secret.
    return _SECRET.sub("…", request.path)


def _install_health(app: Flask) -> None:
    @app.get("/healthz")
    @permit.public
    def healthz() -> tuple[str, int]:
        """Say that the process answers."""
        return "ok", 200

    @app.get("/readyz")
    @permit.public
    def readyz() -> tuple[str, int]:
        """Say whether the portal can be used: database reached and up to date, Redis reached."""
        try:
            with app.extensions["database"].transaction(AtGate(), read_only=True) as session:
                [row] = run(session, "SELECT schema_version()")
            app.extensions["redis"].ping()
        except (redis.RedisError, OSError, SQLAlchemyError, UnsafeLoginError) as error:
            return f"not ready: {type(error).__name__}", 503
        newest = newest_version()
        return (
            ("ok", 200)
            if row[0] == newest
            else (f"not ready: database at {row[0]}, code at {newest}; run `portal db upgrade`", 503)
        )
