"""Allocation: oldest promise first, never more than there is, whoever asks at the same time."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from portal.domain.orders.commands.accept import accept_orders
from portal.domain.orders.commands.allocation import allocate
from portal.domain.orders.commands.holds import cancel_order, place_hold, release_hold
from portal.domain.orders.queries import OrderFilter, get_order, list_orders, whys_not_shipped
from portal.jobs import Courier
from portal.kernel.db import run
from portal.kernel.errors import NotFoundError, WrongStateError
from portal.kernel.scopes import AsMerchant, AsOffice
from tests import make

if TYPE_CHECKING:
    from uuid import UUID

    from portal.config import Config
    from portal.kernel.db import Database


def _progress(db: Database, merchant_id: UUID) -> dict[str, str]:
    with db.transaction(AsMerchant(merchant_id)) as session:
        rows, _ = list_orders(session, OrderFilter(merchant_id=merchant_id))
        return {row.number: row.progress for row in rows}


def test_oldest_promise_is_served_first(db: Database) -> None:
    here = make.site(db)
    acme = make.merchant(db, here)
    tea = make.sku(db, acme)
    with db.transaction(AsMerchant(acme)) as session:
        young, old = make.new_order({tea: 3}, number="young"), make.new_order({tea: 3}, number="old")
        accept_orders(session, merchant_id=acme, orders=[young], source="now", by=None, at=make.NOW)
        accept_orders(
            session, merchant_id=acme, orders=[old], source="before", by=None, at=make.NOW - timedelta(days=5)
        )
    make.stock(db, here, acme, tea, 4)
    with db.transaction(AsMerchant(acme)) as session:
        assert allocate(session, merchant_id=acme, by=None, at=make.NOW) == 2
    assert _progress(db, acme) == {"old": "ready", "young": "waiting_for_stock"}


def test_stock_of_several_bins_fills_one_order_and_a_late_delivery_the_rest(db: Database) -> None:
    here = make.site(db)
    acme = make.merchant(db, here)
    tea = make.sku(db, acme)
    make.stock(db, here, acme, tea, 2, bin_number=0)
    make.stock(db, here, acme, tea, 3, bin_number=1)
    order_id = make.order(db, acme, {tea: 7}, number="big")
    assert _progress(db, acme) == {"big": "waiting_for_stock"}
    with db.transaction(AsMerchant(acme)) as session:
        assert whys_not_shipped(session, acme, [order_id])[order_id].reason.startswith(
            "It waits for stock: 2 × TEA (0 available)."
        )
    make.stock(db, here, acme, tea, 9, bin_number=2)
    with db.transaction(AsMerchant(acme)) as session:
        allocate(session, merchant_id=acme, sku_ids=[tea], by=None, at=make.NOW)
        [line] = get_order(session, acme, order_id).lines
        assert (line.quantity, line.allocated, line.picked) == (7, 7, 0)
    assert _progress(db, acme) == {"big": "ready"}


def test_sixteen_writers_never_oversell_one_hot_sku(db: Database) -> None:
    """R3 at small size: 16 threads × 5 orders of 3 want 240; 100 are there."""
    here = make.site(db)
    acme = make.merchant(db, here)
    tea = make.sku(db, acme)
    make.stock(db, here, acme, tea, 60, bin_number=0)
    make.stock(db, here, acme, tea, 40, bin_number=1)
    errors: list[BaseException] = []

    def shop() -> None:
        try:
            for _ in range(5):
                make.order(db, acme, {tea: 3})
        except BaseException as error:  # noqa: BLE001 (shown by the assertion below)
            errors.append(error)

    threads = [threading.Thread(target=shop) for _ in range(16)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert errors == []
    with db.transaction(AsOffice()) as session:
        rows = run(
            session,
            "SELECT condition, sum(quantity)::int FROM balances WHERE physical GROUP BY condition ORDER BY 1",
        )
        assert [tuple(row) for row in rows] == [("allocated", 100), ("available", 0)]
        [row] = run(session, "SELECT count(*) FROM orders WHERE progress = 'ready'")
        assert row[0] == 33


def test_naive_allocation_oversells_and_is_caught(db: Database) -> None:
    """Negative control: a writer that trusts an old reading is refused by the ledger itself."""
    here = make.site(db)
    acme = make.merchant(db, here)
    tea = make.sku(db, acme)
    make.stock(db, here, acme, tea, 3)
    make.order(db, acme, {tea: 3}, number="first")
    second = make.order(db, acme, {tea: 3}, number="second")
    with (
        db.transaction(AsMerchant(acme)) as session,
        pytest.raises(Exception, match="physical_stock_is_not_negative"),
    ):
        run(
            session,
            """
            INSERT INTO movements (merchant_id, site_id, sku_id, quantity, from_place_id, from_condition, to_place_id, to_condition, because, order_line_id, at)
            SELECT merchant_id, site_id, sku_id, 3, :bin, 'available', :bin, 'allocated', 'allocate', id, now() FROM order_lines WHERE order_id = :order
            """,
            {"bin": here.bins[0], "order": second},
        )


def test_cancelling_gives_the_stock_to_who_waits(db: Database, config: Config) -> None:
    here = make.site(db)
    acme = make.merchant(db, here)
    tea = make.sku(db, acme)
    make.stock(db, here, acme, tea, 3)
    first = make.order(db, acme, {tea: 3}, number="first")
    make.order(db, acme, {tea: 2}, number="second")
    with db.transaction(AsMerchant(acme)) as session:
        cancel_order(session, merchant_id=acme, order_id=first, by=None, at=make.NOW)
    assert _progress(db, acme) == {"first": "cancelled", "second": "waiting_for_stock"}
    Courier(db, config).deliver_due()
    assert _progress(db, acme) == {"first": "cancelled", "second": "ready"}
    with (
        db.transaction(AsMerchant(acme)) as session,
        pytest.raises(WrongStateError, match="This order is cancelled"),
    ):
        cancel_order(session, merchant_id=acme, order_id=first, by=None, at=make.NOW)


def test_a_hold_says_why_and_ends_once(db: Database) -> None:
    here = make.site(db)
    acme, rival = make.merchant(db, here), make.merchant(db, here, code="RIVAL")
    tea = make.sku(db, acme)
    make.stock(db, here, acme, tea, 3)
    order_id = make.order(db, acme, {tea: 1})
    with db.transaction(AsMerchant(acme)) as session:
        hold = place_hold(
            session, merchant_id=acme, order_id=order_id, kind="merchant", reason="The customer wants to change the address.", owner="merchant",
            next_step="Change the address, then release.", by=None, at=make.NOW,
        )  # fmt: skip
        why = whys_not_shipped(session, acme, [order_id])[order_id]
        assert (why.code, why.owner, why.next_step) == (
            "hold",
            "merchant",
            "Change the address, then release.",
        )
    with db.transaction(AsMerchant(rival)) as session, pytest.raises(NotFoundError):
        release_hold(session, merchant_id=rival, hold_id=hold, by=None, at=make.NOW)
    with db.transaction(AsMerchant(acme)) as session:
        release_hold(session, merchant_id=acme, hold_id=hold, by=None, at=make.NOW)
        with pytest.raises(NotFoundError, match="no such open hold"):
            release_hold(session, merchant_id=acme, hold_id=hold, by=None, at=make.NOW)
        assert whys_not_shipped(session, acme, [order_id])[order_id].code == "waiting_for_pick"


def test_lines_that_need_no_shipping_wait_for_nothing(db: Database) -> None:
    here = make.site(db)
    acme = make.merchant(db, here)
    tea = make.sku(db, acme)
    make.stock(db, here, acme, tea, 1)
    wanted = make.new_order({tea: 1}, number="with gift card")
    card = replace(wanted.lines[0], sku_id=None, sku_code="GIFT-CARD", requires_shipping=False, quantity=2)
    with db.transaction(AsMerchant(acme)) as session:
        [order_id] = accept_orders(
            session,
            merchant_id=acme,
            orders=[replace(wanted, lines=(*wanted.lines, card))],
            source="x",
            by=None,
            at=make.NOW,
        )
        allocate(session, merchant_id=acme, order_ids=[order_id], by=None, at=make.NOW)
        page = get_order(session, acme, order_id)
        assert (page.progress, page.units, len(page.lines)) == ("ready", 1, 2)
