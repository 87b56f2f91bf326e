"""S1: importing a file of 10,000 orders and 25,000 lines, against a bare COPY and INSERT … SELECT of every row that it writes."""

from __future__ import annotations

import csv
import io
import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import psycopg
from sqlalchemy import create_engine, make_url, text

from bench.measure import Result, cpu, database
from portal.domain.intake.commands import confirm_import, preview_import
from portal.domain.intake.rules.shopify import COLUMNS
from portal.domain.stock.commands import NewMovement, record_movements
from portal.kernel.db import run as sql
from portal.kernel.scopes import AsMerchant
from tests import make

if TYPE_CHECKING:
    from uuid import UUID

    from portal.config import Config
    from portal.kernel.db import Database

ORDERS, LINES, SKUS = 10_000, 25_000, 500
WRITTEN = (
    "imports",
    "staged_orders",
    "orders",
    "recipients",
    "order_lines",
    "order_events",
    "outbox",
    "movements",
)
"""Every table that an import writes; balances are kept by the database's own trigger in both."""


def run() -> Result:
    """Measure and print."""
    random.seed(1)
    with database() as (db, config):
        here = make.site(db, bins=200)
        acme = make.merchant(db, here)
        _stock(db, acme, here)
        db.dispose()
        bare_url = _clone(config.migration_database_url)
        try:
            data = order_file()
            with db.transaction(AsMerchant(acme)) as session:
                sql(session, "SELECT 1")
            with cpu(config) as read, db.transaction(AsMerchant(acme)) as session:
                import_id = preview_import(
                    session, merchant_id=acme, file_name="orders.csv", data=data, by=None, at=make.NOW
                )
            with cpu(config) as confirmed, db.transaction(AsMerchant(acme)) as session:
                done = confirm_import(
                    session, merchant_id=acme, import_id=import_id, unknown_skus="leave", by=None, at=make.NOW
                )
            assert done.accepted == ORDERS
            rows = _export(config.migration_database_url)
            bare = _bare(bare_url, rows, config)
        finally:
            _admin(bare_url, f"DROP DATABASE {make_url(bare_url).database} WITH (FORCE)")
    ours = read.total_s + confirmed.total_s
    written = sum(values.count(b"\n") for values in rows.values())
    print(
        f"S1  preview {read.total_s:.2f} CPU s ({read.postgres_s:.2f} in PostgreSQL), confirm {confirmed.total_s:.2f} "
        f"({confirmed.postgres_s:.2f}) for {len(data) / 1e6:.1f} MB; bare load of the same {written:,} rows {bare:.2f}"
    )
    return Result(
        "S1",
        f"import of {ORDERS:,} orders, {LINES:,} lines against COPY + INSERT … SELECT",
        ours / bare,
        8,
        at_most=True,
    )


def order_file() -> bytes:
    """Write a Shopify export of so many orders and lines."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for n in range(ORDERS):
        for position in range(2 + n % 2):
            row = {
                "Name": f"#{n}", "Email": f"buyer{n}@example.com", "Created at": "2026-11-14 00:10:00 -0500", "Vendor": "Linen",
                "Lineitem quantity": "1", "Lineitem name": "Bath towel, white", "Lineitem price": "24.00",
                "Lineitem sku": f"S{random.randrange(SKUS)}", "Lineitem requires shipping": "true", "Lineitem fulfillment status": "pending",
            }  # fmt: skip
            if position == 0:
                row |= {
                    "Financial Status": "paid", "Fulfillment Status": "unfulfilled", "Currency": "USD", "Total": "52.95", "Shipping Method": "Standard",
                    "Shipping Name": "Ada Lindqvist", "Shipping Address1": f"{n} Maple Avenue",
                    "Shipping City": "Beverly Hills",
                    "Shipping Zip": "'90210", "Shipping Province": "CA", "Shipping Country": "US", "Shipping Phone": "+1 310-555-0100",
                    "Id": str(6_000_000_000_000 + n),
                }  # fmt: skip
            writer.writerow(row)
    return out.getvalue().encode()


def _stock(db: Database, acme: UUID, here: make.Site3PL) -> None:
    with db.transaction(AsMerchant(acme)) as session:
        sql(
            session,
            "INSERT INTO skus (merchant_id, id, code, name) SELECT :m, uuidv7(), 'S' || n, 'S' FROM generate_series(0, :n) n",
            {"m": acme, "n": SKUS},
        )
        [supplier] = sql(session, "SELECT id FROM places WHERE kind = 'supplier'")
        record_movements(
            session,
            [
                NewMovement(
                    merchant_id=acme, site_id=here.id, sku_id=sku.id, quantity=100, from_place_id=supplier.id, from_condition="available",
                    to_place_id=random.choice(here.bins), to_condition="available", because="receive", by_user_id=None, at=make.NOW,
                )
                for sku in sql(session, "SELECT id FROM skus")
            ],
        )  # fmt: skip


def _at(url: str, name: str) -> str:
    """Return the address of another database of the same server."""
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def _admin(url: str, statement: str) -> None:
    engine = create_engine(_at(url, "postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


def _clone(url: str) -> str:
    name = make_url(url).database
    _admin(url, f"CREATE DATABASE {name}_bare TEMPLATE {name}")
    return _at(url, f"{name}_bare")


def _plain(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://")


def _columns(connection: psycopg.Connection[Any], table: str) -> str:
    """Return the columns that a writer fills; the database computes the others itself."""
    rows = connection.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum",
        [table],
    ).fetchall()
    return ", ".join(row[0] for row in rows)


def _export(url: str) -> dict[str, bytes]:
    """Return what the import wrote, as COPY's own text."""
    rows: dict[str, bytes] = {}
    with psycopg.connect(_plain(url)) as connection:
        for name in WRITTEN:
            only = " WHERE because = 'allocate'" if name == "movements" else ""
            wanted = f"COPY (SELECT {_columns(connection, name)} FROM {name}{only}) TO STDOUT"
            with connection.cursor().copy(wanted.encode()) as copy:
                rows[name] = b"".join(bytes(piece) for piece in copy)
    return rows


def _bare(url: str, rows: dict[str, bytes], config: Config) -> float:
    with (
        psycopg.connect(_plain(url)) as connection,
        cpu(replace(config, migration_database_url=url)) as spent,
    ):
        for name, values in rows.items():
            columns = _columns(connection, name)
            connection.execute(
                f"CREATE TEMP TABLE bare_{name} AS SELECT {columns} FROM {name} LIMIT 0".encode()
            )
            with connection.cursor().copy(f"COPY bare_{name} FROM STDIN".encode()) as copy:
                copy.write(values)
            connection.execute(f"INSERT INTO {name} ({columns}) SELECT * FROM bare_{name}".encode())
        connection.commit()
    return spent.total_s
