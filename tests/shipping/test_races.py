"""Two packers at one box, and one label under two scanners: on connections that really commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.domain.devices.rules import Answer
from portal.kernel.errors import WrongStateError
from portal.kernel.ids import new_id
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
