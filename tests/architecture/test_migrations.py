"""The migrations make exactly the tables that the models describe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from portal.tables import metadata

if TYPE_CHECKING:
    from sqlalchemy import Connection


def _drift(connection: Connection) -> list[str]:
    context = MigrationContext.configure(
        connection, opts={"compare_type": True, "compare_server_default": True}
    )
    return [str(difference) for difference in compare_metadata(context, metadata)]


def test_models_and_migrations_agree(superuser: Connection) -> None:
    assert _drift(superuser) == []


def test_a_column_that_no_model_knows_is_found(superuser: Connection) -> None:
    superuser.execute(text("ALTER TABLE skus ADD COLUMN colour text"))
    [drift] = _drift(superuser)
    assert "remove_column" in drift
    assert "colour" in drift


def test_an_index_that_no_migration_makes_is_found(superuser: Connection) -> None:
    superuser.execute(text("DROP INDEX ix_orders_merchant_id_number"))
    [drift] = _drift(superuser)
    assert "add_index" in drift
    assert "ix_orders_merchant_id_number" in drift
