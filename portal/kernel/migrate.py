"""Bringing a database to the code's version: roles, schema, migrations. Used by `portal db` and the tests' template."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, create_engine, make_url, text

from portal.kernel import guard

ROOT = Path(__file__).resolve().parents[2]


def create_database(url: str) -> bool:
    """Create the database that the migration address names, if it is not there; say whether it was created."""
    target: URL = make_url(url)
    engine = create_engine(target.set(database="postgres"), isolation_level="AUTOCOMMIT")
    name = target.database or ""
    with engine.connect() as connection:
        exists = connection.execute(
            text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": name}
        ).scalar()
        if not exists:
            quoted = connection.dialect.identifier_preparer.quote(name)
            connection.exec_driver_sql(f"CREATE DATABASE {quoted}")
    engine.dispose()
    return not exists


def drop_database(url: str) -> None:
    """Drop the database that the migration address names, with everything in it, whoever is connected."""
    target: URL = make_url(url)
    engine = create_engine(target.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        quoted = connection.dialect.identifier_preparer.quote(target.database or "")
        connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {quoted} WITH (FORCE)")
    engine.dispose()


def upgrade(url: str) -> None:
    """Make the roles, give the schema to its owner and run every migration that is missing."""
    engine = create_engine(url)
    with engine.begin() as connection:
        for statement in guard.roles_sql():
            connection.exec_driver_sql(statement)
        if not connection.execute(
            text("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        ).scalar():
            for statement in guard.migrator_sql():
                connection.exec_driver_sql(statement)
        if not connection.execute(text("SELECT to_regclass('alembic_version')")).scalar():
            for statement in guard.schema_sql():
                connection.exec_driver_sql(statement)
    engine.dispose()
    command.upgrade(alembic_config(url), "head")


def alembic_config(url: str) -> AlembicConfig:
    """Return Alembic's settings for the database at `url`."""
    config = AlembicConfig(ROOT / "alembic.ini")
    config.set_main_option("script_location", str(ROOT / "migrations"))
    config.attributes["url"] = url
    return config


@cache
def newest_version() -> str | None:
    """Return the newest migration that the code has."""
    return ScriptDirectory.from_config(alembic_config("")).get_current_head()


def versions(url: str) -> tuple[str | None, str | None]:
    """Return the database's migration and the newest one that the code has."""
    engine = create_engine(url)
    with engine.connect() as connection:
        if connection.execute(text("SELECT to_regclass('alembic_version')")).scalar():
            connection.execute(text("SELECT set_config('role', 'portal_owner', true)"))
        context = MigrationContext.configure(connection)
        current = context.get_current_revision()
    engine.dispose()
    return current, newest_version()
