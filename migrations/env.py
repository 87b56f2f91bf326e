"""Runs migrations as `portal_owner`, so that no login owns a table. Short lock time-outs: a migration never queues traffic."""

from __future__ import annotations

from alembic import context
from sqlalchemy import create_engine, text

from portal.tables import metadata

url = context.config.attributes["url"]


def run() -> None:
    """Open one transaction on the migration login, become the owner, and run what is missing."""
    engine = create_engine(url)
    with engine.connect() as connection:
        connection.execute(text("SELECT set_config('lock_timeout', '10s', false)"))
        connection.execute(text("SET ROLE portal_owner"))
        connection.commit()
        context.configure(connection=connection, target_metadata=metadata, compare_server_default=True)
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


run()
