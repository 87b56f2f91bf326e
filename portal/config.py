"""The settings of one installation. The only reader of environment variables; the rest of the code gets a `Config`."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from portal.kernel.mail import MailServer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from portal.embedded import Servers


class DatabaseUrls(TypedDict):
    """The four logins of one database."""

    database_url: str
    tracking_database_url: str
    dispatch_database_url: str
    migration_database_url: str


class ConfigError(Exception):
    """A setting is missing or contradicts another; the sentence says which and what to set."""


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that differs between two installations."""

    var: Path
    """Folder of documents, keys and (where they are built in) the servers' data."""
    database_url: str
    tracking_database_url: str
    dispatch_database_url: str
    migration_database_url: str
    redis_url: str
    secret_key: str
    base_url: str
    """Where people reach the portal, without a trailing slash; every link in a mail starts with it."""
    port: int = 8000
    smtp_url: str = ""
    """Empty: messages are kept and can be read in the office's message log, and none is sent."""
    mail_from: str = "parcels@localhost"
    """The address that mails are sent from; the name before it is the merchant's."""
    proxy_hops: int = 0
    """How many proxies in front may be believed about the client's address."""
    operator_name: str = "Parcelyard"
    redis_prefix: str = "parcelyard:"
    """What every key in Redis starts with, so that two installations can share a server."""
    testing: bool = False

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Config:
        """Read the environment. Without `DATABASE_URL` and `REDIS_URL` the built-in servers are started and used."""
        env = os.environ if environ is None else environ
        var = var_folder(env)
        # Numbers first: a setting that does not fit starts no servers.
        port, proxy_hops = read_port(env), _number(env, "PROXY_HOPS", "0", least=0, most=9)
        smtp_url = _smtp_url(env)
        database, redis = env.get("DATABASE_URL", ""), env.get("REDIS_URL", "")
        if bool(database) != bool(redis):
            given, missing = ("DATABASE_URL", "REDIS_URL") if database else ("REDIS_URL", "DATABASE_URL")
            raise ConfigError(
                f"{given} is set but {missing} is not. Set both to use your own servers, or neither for the built-in ones."
            )
        if database:
            urls = _own_urls(env)
        else:
            servers = _built_in(var)
            urls = built_in_urls(servers, "parcelyard")
            redis = servers.redis_url
        return cls(
            var=var,
            **urls,
            redis_url=redis,
            secret_key=env.get("SECRET_KEY") or _kept_secret(var),
            base_url=env.get("BASE_URL", f"http://127.0.0.1:{port}").rstrip("/"),
            port=port,
            smtp_url=smtp_url,
            mail_from=env.get("MAIL_FROM", "parcels@localhost"),
            proxy_hops=proxy_hops,
            operator_name=env.get("OPERATOR_NAME", "Parcelyard"),
        )


def var_folder(environ: Mapping[str, str] | None = None) -> Path:
    """Return the folder of documents, keys and the built-in servers' data, without starting anything."""
    return Path((os.environ if environ is None else environ).get("PARCELYARD_VAR", "var")).absolute()


def read_port(environ: Mapping[str, str] | None = None) -> int:
    """Return the port of the web server. `ConfigError` when `PORT` is none."""
    return _number(os.environ if environ is None else environ, "PORT", "8000", least=1, most=65535)


def uses_built_in(environ: Mapping[str, str] | None = None) -> bool:
    """Say whether this installation runs on the built-in servers."""
    return not (os.environ if environ is None else environ).get("DATABASE_URL")


def built_in_urls(servers: Servers, database: str) -> DatabaseUrls:
    """Return the four database addresses of one database on the built-in server."""
    return {
        "database_url": servers.postgres_url(database, "portal_app"),
        "tracking_database_url": servers.postgres_url(database, "portal_public"),
        "dispatch_database_url": servers.postgres_url(database, "portal_dispatcher"),
        "migration_database_url": servers.postgres_url(database, "postgres"),
    }


def _own_urls(env: Mapping[str, str]) -> DatabaseUrls:
    names = ("DATABASE_URL", "TRACKING_DATABASE_URL", "DISPATCH_DATABASE_URL", "MIGRATION_DATABASE_URL")
    missing = [name for name in names if not env.get(name)]
    if missing:
        raise ConfigError(
            f"DATABASE_URL is set, so {' and '.join(missing)} must be set too: each login can take other roles (docs/running.md has an example)."
        )
    app, tracking, dispatch, migration = (_psycopg(env[name]) for name in names)
    return {
        "database_url": app,
        "tracking_database_url": tracking,
        "dispatch_database_url": dispatch,
        "migration_database_url": migration,
    }


def _number(env: Mapping[str, str], name: str, default: str, *, least: int, most: int) -> int:
    given = env.get(name) or default
    if not (given.isascii() and given.isdigit()) or not least <= int(given) <= most:
        raise ConfigError(
            f"{name} is {given!r}; set it to a number from {least} to {most}, or leave it out for {default}."
        )
    return int(given)


def _smtp_url(env: Mapping[str, str]) -> str:
    url = env.get("SMTP_URL", "")
    if url:
        try:
            MailServer.from_url(url)
        except ValueError as error:
            raise ConfigError(str(error)) from error
    return url


def _psycopg(url: str) -> str:
    for prefix in ("postgres://", "postgresql://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    return url


def _built_in(var: Path) -> Servers:
    from portal.embedded import ensure_running  # noqa: PLC0415 (never imported where real servers are used)

    return ensure_running(var)


def _kept_secret(var: Path) -> str:
    """Return the key that signs cookies, made once and kept readable for this user alone."""
    path = var / "secret_key"
    if not path.exists():
        var.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(f".{os.getpid()}")
        partial.touch(mode=0o600)
        partial.write_text(secrets.token_urlsafe(48))
        try:
            os.link(partial, path)
        except FileExistsError:
            pass
        finally:
            partial.unlink()
    return path.read_text()
