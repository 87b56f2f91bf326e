"""Two packers at one box, and one label under two scanners: on connections that really commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy.exc import IntegrityError

from portal.domain.devices.rules import Answer
from portal.domain.shipping.commands import scan_pack
from portal.kernel.db import run
from portal.kernel.errors import WrongStateError
from portal.kernel.ids import new_id
from portal.kernel.scopes import AsFloor
from tests.picking.test_races import together
from tests.picking.walk import hold
from tests.shipping.table import table

if TYPE_CHECKING:
    from uuid import UUID

    from portal.config import Config
    from portal.kernel.db import Database


def test_two_packers_of_one_parcel_put_in_each_unit_once(db: Database, config: Config) -> None:
    here = table(db, config)
    order = here.order(tea=6)
    [one, two] = together(lambda: here.open(order), lambda: here.open(order))
    assert one == two

    def pack() -> list[Answer]:
        return [here.scan(one, "TEA-BC") for _ in range(5)]

    answers = [answer for worker in together(pack, pack) for answer in worker]
    assert [answer.verdict for answer in answers].count("applied") == 6
    assert [answer.completed for answer in answers].count("parcel") == 1
    refused = {answer.headline for answer in answers if answer.verdict != "applied"}
    assert refused == {"Already packed"}
    assert here.floor.stages(order) == {"packed": 6}
    assert here.news() == ["ParcelPacked"]
    here.check()


def test_parcels_opened_at_once_have_different_numbers(db: Database, config: Config) -> None:
    here = table(db, config)
    orders = [here.order(tea=1) for _ in range(4)]
    together(*(lambda o=order: here.open(o) for order in orders))
    numbers = {here.parcels(order)[0].number for order in orders}
    assert len(numbers) == 4


def test_one_label_scanned_by_four_ships_once(db: Database, config: Config) -> None:
    here = table(db, config)
    order, parcel = here.packed(tea=2)
    scan_id = new_id()
    answers = together(
        *([lambda: here.label(parcel.number, scan_id=scan_id)] * 2 + [lambda: here.label(parcel.number)] * 2)
    )
    verdicts = sorted(answer.verdict for answer in answers)
    assert verdicts.count("applied") == 1
    assert set(verdicts) <= {"applied", "conflict", "duplicate"}
    assert [row[:2] for row in here.moved() if row[0] == "ship"] == [("ship", 2)]
    assert here.news() == ["ParcelPacked", "ParcelShipped"]
    assert here.floor.stages(order) == {"shipped": 2}
    here.check()


def test_ship_called_twice_at_once_refuses_one(db: Database, config: Config) -> None:
    here = table(db, config)
    order, parcel = here.packed(tea=1)

    def ship(parcel_id: UUID) -> str:
        try:
            here.ship(parcel_id)
        except WrongStateError as error:
            return error.code
        return "shipped"

    assert sorted(together(*([lambda: ship(parcel.id)] * 3))) == ["shipped", "wrong_state", "wrong_state"]
    assert here.floor.stages(order) == {"shipped": 1}
    assert here.news().count("ParcelShipped") == 1
    here.check()


def test_a_hold_and_a_label_at_once_never_both_win(db: Database, config: Config) -> None:
    """Whoever locks the order first decides: a held order has not shipped, a shipped one cannot be held."""
    here = table(db, config)
    for _ in range(4):
        order, parcel = here.packed(tea=1)

        def stop(order_id: UUID = order) -> str:
            try:
                hold(db, here.acme, order_id)
            except WrongStateError:
                return "too late"
            return "held"

        results = together(stop, lambda p=parcel: here.label(p.number).verdict)
        assert results in (["held", "conflict"], ["too late", "applied"])
        shipped = here.floor.stages(order) == {"shipped": 1}
        assert shipped == (results[1] == "applied")
    here.check()


def test_undo_pressed_twice_at_once_takes_one_scan_out_each(db: Database, config: Config) -> None:
    here = table(db, config)
    order = here.order(tea=3)
    parcel_id = here.open(order)
    here.scan(parcel_id, "TEA-BC")
    here.scan(parcel_id, "TEA-BC")
    together(lambda: here.undo(parcel_id), lambda: here.undo(parcel_id))
    assert here.floor.stages(order) == {"picked": 3}
    here.check()


def test_a_writer_that_ships_without_looking_is_refused_by_the_ledger(db: Database, config: Config) -> None:
    """Negative control: without locks and states the second of two ships is still refused, by the balances themselves."""
    here = table(db, config)
    order, parcel = here.packed(tea=1)
    blind = """
        INSERT INTO movements (merchant_id, site_id, sku_id, quantity, from_place_id, from_condition, to_place_id, to_condition, because, order_line_id, at)
        SELECT b.merchant_id, b.site_id, b.sku_id, 1, b.place_id, 'picked', r.id, 'picked', 'ship', b.order_line_id, now()
        FROM parcels p JOIN line_balances b ON b.place_id = p.place_id JOIN places r ON r.site_id = p.site_id AND r.kind = 'recipient'
        WHERE p.id = :parcel
    """
    with db.transaction(AsFloor(here.floor.site.id)) as session:
        run(session, blind, {"parcel": parcel.id})
    with (
        db.transaction(AsFloor(here.floor.site.id)) as session,
        pytest.raises(IntegrityError, match="stock_is_not_negative"),
    ):
        run(session, blind, {"parcel": parcel.id})
    assert here.floor.stages(order) == {"shipped": 1}
    [progress, goods] = here.differing()
    assert progress.endswith("of ACME (open) says packed, its lines say shipped")
    assert goods == f"parcel {parcel.number} is packed and holds 0"


def test_a_crash_before_the_commit_leaves_an_open_parcel_and_only_litter(
    db: Database, config: Config
) -> None:
    """Files are on disk before the rows that name them; without the commit nothing has happened, and a retry finds the files."""
    here = table(db, config)
    order = here.order(tea=1)
    parcel_id = here.open(order)
    scan = here.make_scan("TEA-BC")

    def crash() -> None:
        with db.transaction(AsFloor(here.floor.site.id)) as session:
            answer = scan_pack(session, scan, merchant_id=here.acme, parcel_id=parcel_id, files=here.files)
            assert answer.completed == "parcel"
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        crash()
    litter = sorted(path.name for path in (config.var / "documents").rglob("*") if path.is_file())
    assert len(litter) == 4
    assert here.floor.stages(order) == {"picked": 1}
    assert here.floor.ask("SELECT count(*) FROM documents") == [(0,)]
    assert (here.parcels(order)[0].state, here.news()) == ("packing", [])
    assert here.scan(parcel_id, "TEA-BC", scan_id=scan.id).completed == "parcel"
    assert sorted(str(sha) for (sha,) in here.floor.ask("SELECT sha256 FROM documents")) == litter
    here.check()
