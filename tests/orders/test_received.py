"""Stock that comes in goes to the orders that wait for it, and a receipt is taken back only while nobody has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from portal.domain.orders.queries import line_quantities
from portal.domain.orders.reactions import allocate_received
from portal.domain.stock.commands import take_back_receipt
from portal.domain.stock.events import StockReceived
from portal.kernel.db import run
from portal.kernel.errors import DuplicateError, NotEnoughError, NotFoundError
from portal.kernel.scopes import AsFloor, AsMerchant, AsSystem
from portal.wiring import REACTIONS
from tests import make

if TYPE_CHECKING:
    from uuid import UUID

    from portal.kernel.db import Database


def receipt(db: Database, site: make.Site3PL) -> UUID:
    with db.transaction(AsFloor(site.id), read_only=True) as session:
        [row] = run(session, "SELECT id FROM movements WHERE because = 'receive' AND reverses_id IS NULL")
    return row[0]


def test_back_orders_fill_when_stock_is_received(db: Database) -> None:
    here = make.site(db)
    acme = make.merchant(db, here)
    tea = make.sku(db, acme)
    order = make.order(db, acme, {tea: 3})
    make.stock(db, here, acme, tea, 5)
    news = StockReceived(merchant_id=acme, sku_id=tea)
    assert [reaction.name for reaction in REACTIONS[StockReceived]] == ["allocate_received"]
    for _ in range(2):
        with db.transaction(AsSystem(acme, reason="test")) as session:
            allocate_received(session, news, None)
    with db.transaction(AsMerchant(acme), read_only=True) as session:
        [row] = line_quantities(session, acme, [order])
    assert (row.progress, row.quantities.allocated) == ("ready", 3)


def test_a_receipt_is_taken_back_once_and_only_while_nobody_has_it(db: Database) -> None:
    here = make.site(db)
    acme = make.merchant(db, here)
    tea = make.sku(db, acme)
    make.stock(db, here, acme, tea, 5)
    movement_id = receipt(db, here)
    there = make.site(db, code="SS")
    with db.transaction(AsFloor(there.id)) as session, pytest.raises(NotFoundError):
        take_back_receipt(session, movement_id=movement_id, by=None, at=make.NOW)
    order = make.order(db, acme, {tea: 1})
    with db.transaction(AsFloor(here.id)) as session, pytest.raises(NotEnoughError):
        take_back_receipt(session, movement_id=movement_id, by=None, at=make.NOW)
    from portal.domain.orders.commands.holds import cancel_order

    with db.transaction(AsMerchant(acme)) as session:
        cancel_order(session, merchant_id=acme, order_id=order, by=None, at=make.NOW)
    with db.transaction(AsFloor(here.id)) as session:
        take_back_receipt(session, movement_id=movement_id, by=None, at=make.NOW)
    with db.transaction(AsFloor(here.id)) as session, pytest.raises((DuplicateError, NotEnoughError)):
        take_back_receipt(session, movement_id=movement_id, by=None, at=make.NOW)
    with db.transaction(AsFloor(here.id), read_only=True) as session:
        assert [
            tuple(r)
            for r in run(session, "SELECT quantity FROM balances WHERE physical AND condition = 'available'")
        ] == [(0,)]
