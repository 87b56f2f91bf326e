"""`portal servers …` and `portal db …`: the built-in servers, and the database's version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import make_url

from portal import embedded
from portal.cli import running
from portal.cli.errors import CommandError
from portal.config import uses_built_in, var_folder
from portal.kernel import migrate

if TYPE_CHECKING:
    from portal.config import Config


def start_servers() -> int:
    """Start the built-in PostgreSQL and Redis, unless they run."""
    _require_built_in()
    servers = embedded.ensure_running(var_folder())
    print(f"PostgreSQL and Redis run; their data lies in {var_folder()}.")
    print(f"  PostgreSQL  psql -h '{servers.postgres_socket_dir}' -U postgres parcelyard")
    print(f"  Redis       {servers.redis_url}")
    return 0


def stop_servers() -> int:
    """Stop the built-in servers after they have written everything."""
    _require_built_in()
    found = running.find_running(var_folder())
    if found is not None:
        raise CommandError(
            f"Parcelyard runs at {found.base_url} and needs its servers; stop both with `portal stop`."
        )
    print("PostgreSQL and Redis were stopped." if embedded.stop(var_folder()) else "They were not running.")
    return 0


def servers_status() -> int:
    """Say whether both built-in servers run; exit code 1 when not."""
    _require_built_in()
    runs = embedded.status(var_folder()) is not None
    print(f"PostgreSQL and Redis of {var_folder()} {'run' if runs else 'do not run'}.")
    return 0 if runs else 1


def _require_built_in() -> None:
    if not uses_built_in():
        raise CommandError(
            "DATABASE_URL names a server of your own, so the built-in ones are not used; unset DATABASE_URL and REDIS_URL to use them."
        )


def create_database(config: Config) -> int:
    """Create the database if it is not there, and bring it up to date."""
    name = make_url(config.migration_database_url).database
    made = migrate.create_database(config.migration_database_url)
    print(f"Database {name} was created." if made else f"Database {name} is there already.")
    return upgrade_database(config)


def upgrade_database(config: Config) -> int:
    """Run the migrations that are missing."""
    before, newest = migrate.versions(config.migration_database_url)
    migrate.upgrade(config.migration_database_url)
    print(
        f"The database is up to date ({newest})."
        if before == newest
        else f"The database was brought from {before or 'nothing'} to {newest}."
    )
    return 0


def database_status(config: Config) -> int:
    """Say which version database and code have; exit code 1 when they differ."""
    current, newest = migrate.versions(config.migration_database_url)
    if current == newest:
        print(f"The database is up to date ({newest}).")
        return 0
    print(f"The database is at {current or 'nothing'}, the code at {newest}; run `portal db upgrade`.")
    return 1
