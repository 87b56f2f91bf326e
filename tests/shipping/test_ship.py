"""Shipping: the scan of the label moves the goods to the recipient, once; a hold really stops a box."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from portal.domain.shipping.commands import use_carrier
from portal.domain.shipping.queries import find_parcel, parcels_waiting
from portal.kernel.db import run
from portal.kernel.errors import UnprocessableError, WrongStateError
from portal.kernel.ids import new_id
from portal.kernel.scopes import AsFloor, AsOffice
from tests import make
from tests.picking.walk import hold, release
from tests.shipping.table import Table, table

if TYPE_CHECKING:
    from portal.config import Config
    from portal.kernel.db import Database


def _choose(here: Table, parcel_id: UUID, carrier: str, number: str, service: str = "") -> None:
    with here.floor.db.transaction(AsOffice()) as session:
        use_carrier(
            session, merchant_id=here.acme, parcel_id=parcel_id, carrier=carrier, tracking_number=number, service=service,
            by=None, at=make.NOW,
        )  # fmt: skip


def test_the_scan_of_the_label_ships_the_parcel(db: Database, config: Config) -> None:
    here = table(db, config)
    order, parcel = here.packed(tea=2, mug=1)
    answer = here.label(parcel.number)
    assert (answer.verdict, answer.headline, answer.completed) == ("applied", "Shipped", "shipped")
    [shipped] = here.parcels(order)
    assert (shipped.state, shipped.shipped_at, shipped.carrier, shipped.tracking_number, shipped.link) == (
        "shipped", make.NOW, "own", None, None,
    )  # fmt: skip
    # Monday 23 November 2026, standard: two to four working days.
    assert (shipped.expected_from, shipped.expected_until) == (date(2026, 11, 25), date(2026, 11, 27))
    assert shipped.contents == parcel.contents == ((2, "TEA", "Tea thing"), (1, "MUG", "Tea thing"))
    assert here.floor.stages(order) == {"shipped": 3}
    assert here.floor.progress(order) == "shipped"
    assert sorted(here.moved()[3:]) == [
        ("ship", 1, "parcel", "RECIPIENT", False), ("ship", 2, "parcel", "RECIPIENT", False),
    ]  # fmt: skip
    assert here.floor.ask(
        "SELECT sum(quantity) FROM balances b JOIN places p ON p.id = b.place_id WHERE p.kind IN ('tote', 'parcel')"
    ) == [(0,)]
    assert here.news() == ["ParcelPacked", "ParcelShipped"]
    assert here.events(order)[-1] == f"Parcel {parcel.number} shipped with own delivery."
    here.check()


@pytest.mark.parametrize("shout", [str.lower, lambda code: f" {code} "])
def test_a_label_is_read_in_any_case_and_trimmed(db: Database, config: Config, shout) -> None:
    here = table(db, config)
    order, parcel = here.packed(tea=1)
    assert here.label(shout(parcel.number)).verdict == "applied"
    assert here.parcels(order)[0].state == "shipped"


def test_shipping_twice_ships_once(db: Database, config: Config) -> None:
    here = table(db, config)
    order, parcel = here.packed(tea=1)
    scan_id = new_id()
    assert here.label(parcel.number, scan_id=scan_id).verdict == "applied"
    again = here.label(parcel.number, scan_id=scan_id)
    assert (again.verdict, again.headline, again.outcome) == ("duplicate", "Shipped", "applied")
    another = here.label(parcel.number)
    assert (another.verdict, another.headline) == ("conflict", "Shipped already")
    with pytest.raises(WrongStateError, match="This parcel is shipped; to ship it has to be packed"):
        here.ship(parcel.id)
    assert [row for row in here.moved() if row[0] == "ship"] == [("ship", 1, "parcel", "RECIPIENT", False)]
    assert here.news() == ["ParcelPacked", "ParcelShipped"]
    assert here.floor.stages(order) == {"shipped": 1}


def test_an_open_parcel_and_a_strange_code_ship_nothing(db: Database, config: Config) -> None:
    here = table(db, config)
    order = here.order(tea=2)
    parcel_id = here.open(order)
    here.scan(parcel_id, "TEA-BC")
    [parcel] = here.parcels(order)
    answer = here.label(parcel.number)
    assert (answer.verdict, answer.headline) == ("conflict", "Not packed yet")
    with pytest.raises(WrongStateError, match="This parcel is packing; to ship it has to be packed"):
        here.ship(parcel_id)
    strange = here.label("TEA-BC")
    assert (strange.verdict, strange.headline) == ("rejected", "No such label")
    assert here.floor.stages(order) == {"picked": 1, "packed": 1}


def test_a_hold_placed_after_packing_stops_the_label(db: Database, config: Config) -> None:
    here = table(db, config)
    order, parcel = here.packed(tea=1)
    hold_id = hold(db, here.acme, order)
    answer = here.label(parcel.number)
    assert (answer.verdict, answer.headline) == ("conflict", "On hold")
    with pytest.raises(WrongStateError, match="is on hold"):
        here.ship(parcel.id)
    assert (here.floor.stages(order), here.news()) == ({"packed": 1}, ["ParcelPacked"])
    [row] = here.parcels(order)
    assert (row.state, row.shipped_at, row.carrier) == ("packed", None, None)
    release(db, here.acme, hold_id)
    assert here.label(parcel.number).verdict == "applied"
    here.check()


def test_a_cancelled_order_does_not_ship(db: Database, config: Config, superuser) -> None:
    from sqlalchemy import text

    here = table(db, config)
    order, parcel = here.packed(tea=1)
    superuser.execute(
        text("UPDATE orders SET state = 'cancelled', progress = 'cancelled', cancelled_at = now()")
    )
    superuser.commit()
    answer = here.label(parcel.number)
    assert (answer.verdict, answer.headline) == ("conflict", "Order cancelled")
    assert here.floor.stages(order) == {"packed": 1}


def test_a_typed_number_has_the_carriers_link_and_is_found_by_its_scan(db: Database, config: Config) -> None:
    here = table(db, config)
    order, parcel = here.packed(tea=1)
    papers = here.floor.ask("SELECT kind, sha256 FROM documents ORDER BY kind")
    _choose(here, parcel.id, "ups", " 1z 999aa1 01 2345 6784 ", "Next day")
    _choose(here, parcel.id, "ups", "1Z999AA10123456784", "Next day")
    [row] = here.parcels(order)
    assert (row.carrier, row.tracking_number, row.service) == ("ups", "1Z999AA10123456784", "Next day")
    assert row.link == "https://www.ups.com/track?tracknum=1Z999AA10123456784"
    said = f"Parcel {parcel.number} goes with UPS, number 1Z999AA10123456784."
    assert here.events(order).count(said) == 1
    assert here.floor.ask("SELECT kind, sha256 FROM documents ORDER BY kind") == papers
    answer = here.label("1Z999AA10123456784")
    assert (answer.verdict, answer.completed) == ("applied", "shipped")
    [row] = here.parcels(order)
    assert (row.state, row.expected_from, row.expected_until) == (
        "shipped", date(2026, 11, 24), date(2026, 11, 25),
    )  # fmt: skip
    with pytest.raises(WrongStateError, match="its carrier cannot be changed any more"):
        _choose(here, parcel.id, "fedex", "123456789012")
    here.check()


@pytest.mark.parametrize(
    ("carrier", "number", "field", "sentence"),
    [
        ("hermes", "1", "carrier", "Choose one of these carriers: Own delivery, UPS, USPS, FedEx, DHL, Another carrier."),
        ("ups", "", "tracking_number", "Type the tracking number that the UPS label shows."),
        ("fedex", "12345", "tracking_number", "'12345' is no FedEx number. It has 12, 15, 20 or 22 digits."),
        ("own", "123", "tracking_number", "Our own label carries the parcel's number; leave the tracking number empty."),
    ],
)  # fmt: skip
def test_a_wrong_number_is_refused_with_its_field(
    db: Database, config: Config, carrier: str, number: str, field: str, sentence: str
) -> None:
    here = table(db, config)
    order, parcel = here.packed(tea=1)
    with pytest.raises(UnprocessableError) as refused:
        _choose(here, parcel.id, carrier, number)
    assert [(problem.field, problem.sentence) for problem in refused.value.problems] == [(field, sentence)]
    [row] = here.parcels(order)
    assert (row.carrier, row.tracking_number) == (None, None)


def test_two_parcels_with_one_typed_number_are_told_apart_by_our_own(db: Database, config: Config) -> None:
    here = table(db, config)
    _, one = here.packed(tea=1)
    _, two = here.packed(tea=1)
    for parcel in (one, two):
        _choose(here, parcel.id, "other", "ROYAL-1")
    with db.transaction(AsFloor(here.floor.site.id)) as session:
        assert find_parcel(session, here.floor.site.id, "ROYAL-1") is None
        found = find_parcel(session, here.floor.site.id, two.number)
        assert found is not None
        assert found.id == two.id
        waiting = [row.number for row in parcels_waiting(session, here.floor.site.id)]
    assert sorted(waiting) == sorted([one.number, two.number])
    assert here.label("ROYAL-1").verdict == "rejected"


def test_a_merchant_cannot_write_parcels(db: Database, config: Config) -> None:
    from sqlalchemy.exc import ProgrammingError

    from portal.kernel.scopes import AsMerchant

    here = table(db, config)
    here.packed(tea=1)
    with (
        db.transaction(AsMerchant(here.acme)) as session,
        pytest.raises(ProgrammingError, match="permission denied"),
    ):
        run(session, "UPDATE parcels SET state = 'cancelled'")


def test_the_service_of_a_printed_label_is_fixed(db: Database, config: Config) -> None:
    here = table(db, config)
    order, parcel = here.packed(tea=1)
    with pytest.raises(UnprocessableError, match="says Standard; its service is fixed"):
        _choose(here, parcel.id, "own", "", "Express")
    _choose(here, parcel.id, "own", "")
    [row] = here.parcels(order)
    assert (row.carrier, row.service) == ("own", "Standard")
