"""S7: allocation of 10,000 orders over 2,000 SKUs, set-based, against a loop that allocates line by line."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from bench.measure import Result, cpu, database
from portal.domain.orders.commands.accept import accept_orders
from portal.domain.orders.commands.allocation import allocate
from portal.domain.stock.commands import NewMovement, record_movements
from portal.kernel.db import run as sql
from portal.kernel.scopes import AsMerchant
from tests import make

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.orm import Session

    from portal.kernel.db import Database

ORDERS, SKUS, NAIVE = 10_000, 2_000, 300


def run() -> Result:
    """Measure and print."""
    random.seed(7)
    with database() as (db, config):
        here = make.site(db, bins=200)
        acme = make.merchant(db, here)
        with db.transaction(AsMerchant(acme)) as session:
            sql(
                session,
                "INSERT INTO skus (merchant_id, id, code, name) SELECT :m, uuidv7(), 'S' || n, 'S' FROM generate_series(1, :n) n",
                {"m": acme, "n": SKUS},
            )
            skus = [row.id for row in sql(session, "SELECT id FROM skus")]
            [supplier] = sql(session, "SELECT id FROM places WHERE kind = 'supplier'")
            record_movements(session, [_received(acme, here, supplier.id, sku) for sku in skus])
            wanted = [
                make.new_order(
                    {sku: random.randint(1, 3) for sku in random.sample(skus, random.choice((1, 2, 2, 3, 4)))}
                )
                for _ in range(ORDERS)
            ]
            accept_orders(session, merchant_id=acme, orders=wanted, source="in a bench", by=None, at=make.NOW)
        engine_warm(db, acme)
        with cpu(config) as naive, db.transaction(AsMerchant(acme)) as session:
            _naive(session, acme, here, [order.id for order in wanted[:NAIVE]])
            session.rollback()
        with cpu(config) as ours, db.transaction(AsMerchant(acme)) as session:
            moved = allocate(session, merchant_id=acme, by=None, at=make.NOW)
    per_second = ORDERS / ours.total_s
    ratio = (naive.total_s / NAIVE) / (ours.total_s / ORDERS)
    print(
        f"S7  {moved} movements for {ORDERS} orders: {ours.total_s:.2f} CPU s ({ours.postgres_s:.2f} in PostgreSQL); "
        f"line by line {ratio:.1f} × as much per order"
    )
    return Result(
        "S7",
        f"orders allocated per CPU second ({ratio:.1f} × a loop over lines)",
        per_second,
        1_000,
        at_most=False,
        unit="orders/s",
    )


def engine_warm(db: Database, acme: UUID) -> None:
    """Let the statistics know the rows, as a server that runs for a day does."""
    with db.transaction(AsMerchant(acme)) as session:
        sql(session, "SELECT count(*) FROM orders")


def _received(acme: UUID, here: make.Site3PL, supplier: UUID, sku: UUID) -> NewMovement:
    return NewMovement(
        merchant_id=acme, site_id=here.id, sku_id=sku, quantity=30, from_place_id=supplier, from_condition="available",
        to_place_id=random.choice(here.bins), to_condition="available", because="receive", by_user_id=None, at=make.NOW,
    )  # fmt: skip


def _naive(session: Session, acme: UUID, here: make.Site3PL, orders: list[UUID]) -> None:
    for order in orders:
        for line in sql(
            session,
            "SELECT id, sku_id, quantity FROM order_lines WHERE merchant_id = :m AND order_id = :o",
            {"m": acme, "o": order},
        ):
            left = line.quantity
            for stock in sql(
                session, "SELECT place_id, quantity FROM balances WHERE merchant_id = :m AND sku_id = :s AND condition = 'available' AND physical",
                {"m": acme, "s": line.sku_id},
            ):  # fmt: skip
                taken = min(left, stock.quantity)
                if taken > 0:
                    record_movements(
                        session,
                        [
                            NewMovement(
                                merchant_id=acme, site_id=here.id, sku_id=line.sku_id, quantity=taken, from_place_id=stock.place_id,
                                from_condition="available", to_place_id=stock.place_id, to_condition="allocated", because="allocate",
                                order_line_id=line.id, by_user_id=None, at=make.NOW,
                            )
                        ],
                    )  # fmt: skip
                    left -= taken
