"""The ledger loses nothing: balances follow, history stays, and nothing goes below zero."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy.exc import DBAPIError

from portal.domain.stock.commands import NewMovement, receive_stock, record_movements
from portal.domain.stock.queries import stock_levels, virtual_place
from portal.kernel.db import run
from portal.kernel.errors import DuplicateError, NotEnoughError, UnprocessableError
from portal.kernel.scopes import AsFloor, AsMerchant, AsOffice
from tests import make

if TYPE_CHECKING:
    from uuid import UUID

    from portal.kernel.db import Database


def _move(here: make.Site3PL, acme: UUID, tea: UUID, quantity: int, **other: object) -> NewMovement:
    values: dict[str, object] = {
        "merchant_id": acme, "site_id": here.id, "sku_id": tea, "quantity": quantity, "from_place_id": here.bins[0], "from_condition": "available",
        "to_place_id": here.bins[1], "to_condition": "available", "because": "move", "by_user_id": None, "at": make.NOW,
    }  # fmt: skip
    return NewMovement(**(values | other))  # type: ignore[arg-type]  # values of several types in one dict


def test_receiving_raises_the_balance_and_the_supplier_pays(db: Database) -> None:
    here = make.site(db)
    acme = make.merchant(db, here)
    tea = make.sku(db, acme)
    make.stock(db, here, acme, tea, 7)
    make.stock(db, here, acme, tea, 5, bin_number=1)
    with db.transaction(AsOffice()) as session:
        rows = run(
            session,
            "SELECT p.kind, b.quantity FROM balances b JOIN places p ON p.id = b.place_id ORDER BY p.kind, b.quantity",
        )
        assert [tuple(row) for row in rows] == [("storage", 5), ("storage", 7), ("supplier", -12)]
    with db.transaction(AsMerchant(acme)) as session:
        [level], total = stock_levels(session, acme)
        assert (level.sku_code, level.available, level.on_hand, total) == ("TEA", 12, 12, 1)


def test_more_than_there_is_moves_nothing(db: Database) -> None:
    here = make.site(db)
    acme = make.merchant(db, here)
    tea = make.sku(db, acme)
    make.stock(db, here, acme, tea, 3)
    with db.transaction(AsFloor(here.id)) as session:
        with pytest.raises(NotEnoughError, match="not that many"):
            record_movements(session, [_move(here, acme, tea, 2), _move(here, acme, tea, 2)])
        assert [tuple(row) for row in run(session, "SELECT count(*), sum(quantity) FROM movements")] == [
            (1, 3)
        ]
        assert [
            row.quantity
            for row in run(session, "SELECT quantity FROM balances WHERE physical ORDER BY quantity DESC")
        ] == [3]


def test_a_correction_names_what_it_reverses_and_only_once(db: Database) -> None:
    here = make.site(db)
    acme = make.merchant(db, here)
    tea = make.sku(db, acme)
    make.stock(db, here, acme, tea, 3)
    with db.transaction(AsFloor(here.id)) as session:
        [moved] = record_movements(session, [_move(here, acme, tea, 2)])
        back = _move(
            here, acme, tea, 2, from_place_id=here.bins[1], to_place_id=here.bins[0], reverses_id=moved
        )
        record_movements(session, [back])
        with pytest.raises(DuplicateError, match="undone already"):
            record_movements(session, [back])
        rows = run(
            session,
            "SELECT p.code, b.quantity FROM balances b JOIN places p ON p.id = b.place_id WHERE b.physical ORDER BY p.code",
        )
        assert [tuple(row) for row in rows] == [("A-01-1", 3), ("A-02-1", 0)]


@pytest.mark.parametrize(
    "statement", ["UPDATE movements SET quantity = 1", "DELETE FROM movements", "TRUNCATE movements"]
)
def test_history_cannot_be_changed_even_by_its_owner(db: Database, superuser, statement: str) -> None:  # noqa: ANN001 (a Connection)
    here = make.site(db)
    acme = make.merchant(db, here)
    make.stock(db, here, acme, make.sku(db, acme), 3)
    with pytest.raises(DBAPIError, match="append-only"):
        superuser.exec_driver_sql(statement)
    superuser.rollback()


@pytest.mark.parametrize("quantity", [0, -1, 1_000_001])
def test_quantities_out_of_range_are_refused_by_name(db: Database, quantity: int) -> None:
    here = make.site(db)
    acme = make.merchant(db, here)
    tea = make.sku(db, acme)
    with db.transaction(AsFloor(here.id)) as session:
        with pytest.raises(UnprocessableError, match=f"The quantity is {quantity}"):
            receive_stock(
                session,
                merchant_id=acme,
                site_id=here.id,
                sku_id=tea,
                place_id=here.bins[0],
                quantity=quantity,
                by=None,
                at=make.NOW,
            )
        assert run(session, "SELECT 1 FROM movements") == []


def test_goods_are_received_only_where_stock_is_kept(db: Database) -> None:
    here = make.site(db)
    acme = make.merchant(db, here)
    tea = make.sku(db, acme)
    with db.transaction(AsFloor(here.id)) as session:
        supplier = virtual_place(session, here.id, "supplier")
        with pytest.raises(UnprocessableError, match="SUPPLIER is a supplier place"):
            receive_stock(
                session,
                merchant_id=acme,
                site_id=here.id,
                sku_id=tea,
                place_id=supplier,
                quantity=1,
                by=None,
                at=make.NOW,
            )


def test_promised_goods_must_name_their_line(db: Database) -> None:
    here = make.site(db)
    acme = make.merchant(db, here)
    tea = make.sku(db, acme)
    make.stock(db, here, acme, tea, 3)
    with (
        db.transaction(AsFloor(here.id)) as session,
        pytest.raises(DBAPIError, match="promised_goods_name_their_line"),
    ):
        record_movements(session, [_move(here, acme, tea, 1, to_condition="allocated")])
