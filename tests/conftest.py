"""The servers, a migrated template, and for every test that asks a database of its own that really commits.

A clone costs about 40 ms on a memory-backed cluster; in return no test shares a transaction, a role or a row with another.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import create_engine, text

from portal.config import Config, built_in_urls
from portal.embedded import ensure_running, stop
from portal.kernel import migrate
from portal.kernel.db import Database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask
    from flask.testing import FlaskClient

    from portal.embedded import Servers

ROOT = Path(__file__).resolve().parents[1]
pytest_plugins = ["tests.browser"]


def _cluster_folder() -> Path:
    """Return a folder for the tests' servers: in memory where there is room, else in the temporary folder."""
    name = f"parcelyard-test-{os.geteuid()}-{hashlib.sha256(str(ROOT).encode()).hexdigest()[:8]}"
    memory = Path("/dev/shm")  # noqa: S108 (a private 0700 folder is made in it)
    roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 1_000_000_000
    return (memory if roomy else Path(os.environ.get("TMPDIR", "/tmp"))) / name  # noqa: S108 (as above)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Leave nothing running where `make` asks for it; while working, the servers stay for the next run."""
    is_worker = hasattr(session.config, "workerinput")
    folder = _cluster_folder()
    if os.environ.get("PARCELYARD_TESTS_STOP") and not is_worker and folder.is_dir():
        stop(folder)
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def servers() -> Servers:
    """The tests' PostgreSQL and Redis: fast settings, their own folder, left running for the next run."""
    return ensure_running(_cluster_folder(), durable=False)


@pytest.fixture(scope="session")
def template(servers: Servers) -> str:
    """A migrated database, named after the hash of the migrations, that tests are cloned from."""
    digest = hashlib.sha256()
    for path in sorted(
        [
            *(ROOT / "migrations").rglob("*.py"),
            *(ROOT / "migrations").rglob("*.sql"),
            ROOT / "portal/kernel/guard.py",
        ]
    ):
        digest.update(path.read_bytes())
    name = f"template_{digest.hexdigest()[:16]}"
    admin = create_engine(servers.postgres_url("postgres", "postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(4711)"))
        known = connection.execute(
            text("SELECT datistemplate FROM pg_database WHERE datname = :n"), {"n": name}
        ).scalar()
        if not known:
            if known is False:
                connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
            url = servers.postgres_url(name, "postgres")
            migrate.create_database(url)
            migrate.upgrade(url)
            connection.exec_driver_sql(f"ALTER DATABASE {name} WITH IS_TEMPLATE true")
    admin.dispose()
    return name


@pytest.fixture
def config(servers: Servers, template: str, tmp_path: Path) -> Iterator[Config]:
    """A configuration on a fresh clone of the template; the clone is dropped afterwards."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    admin = create_engine(servers.postgres_url("postgres", "postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    yield Config(
        var=tmp_path / "var",
        **built_in_urls(servers, name),
        redis_url=servers.redis_url,
        redis_prefix=f"{name}:",
        secret_key="a key for tests only",
        base_url="http://127.0.0.1:8000",
        testing=True,
    )
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    admin.dispose()


@pytest.fixture
def db(config: Config) -> Iterator[Database]:
    """The logins of this test's database."""
    database = Database.from_config(config)
    yield database
    database.dispose()


@pytest.fixture(autouse=True)
def _push_request_context() -> None:
    """Take the place of pytest-flask's own, whose context for the whole test would let all requests share one `g`."""


@pytest.fixture
def app(config: Config) -> Iterator[Flask]:
    """The whole web application on this test's database."""
    from portal import create_app

    app = create_app(config)
    yield app
    app.extensions["database"].dispose()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser without JavaScript."""
    return app.test_client()


@pytest.fixture
def superuser(config: Config) -> Iterator[Any]:
    """A connection past all walls, for looking at what is really stored."""
    engine = create_engine(config.migration_database_url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()
