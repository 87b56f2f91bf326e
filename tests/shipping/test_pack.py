"""Packing on the ledger: exact quantities, and what a wrong scan, a hold or a cancel does not do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pypdfium2
import pytest

from portal.domain.catalog.commands import add_barcode
from portal.domain.shipping.queries import document, find_parcel, read_paper
from portal.kernel.errors import NotFoundError, WrongStateError
from portal.kernel.ids import new_id
from portal.kernel.scopes import AsFloor, AsMerchant, AsOffice
from tests import make
from tests.picking.walk import hold, release
from tests.shipping.table import table

if TYPE_CHECKING:
    from uuid import UUID

    from portal.config import Config
    from portal.kernel.db import Database


def test_every_unit_goes_from_the_tote_into_the_parcel_and_the_last_closes_it(
    db: Database, config: Config
) -> None:
    here = table(db, config)
    order = here.order(tea=2, mug=1, number="#77")
    parcel_id = here.open(order)
    assert here.open(order) == parcel_id

    first = here.scan(parcel_id, "TEA-BC")
    assert (first.verdict, first.headline, first.sentence, first.completed) == (
        "applied", "Packed 1 × TEA", "Needed: 1 × TEA, 1 × MUG.", "",
    )  # fmt: skip
    assert here.scan(parcel_id, "MUG-BC").completed == "line"
    state = here.state(parcel_id)
    assert [(line.sku_code, line.wanted, line.packed, line.waiting) for line in state.lines] == [
        ("TEA", 2, 1, 1), ("MUG", 1, 1, 0),
    ]  # fmt: skip
    assert (state.complete, state.packed, state.wanted, state.totes) == (False, 2, 3, ("T-01",))
    assert (state.order_number, state.merchant_name, state.stop) == ("#77", "Acme Goods", None)
    assert here.floor.progress(order) == "picked"
    last = here.scan(parcel_id, "TEA-BC")
    assert (last.verdict, last.headline, last.completed) == ("applied", "Parcel complete", "parcel")

    assert here.moved() == [
        ("pack", 1, "T-01", "parcel", False),
        ("pack", 1, "T-01", "parcel", False),
        ("pack", 1, "T-01", "parcel", False),
    ]
    assert here.floor.stages(order) == {"packed": 3}
    assert here.floor.progress(order) == "packed"
    [parcel] = here.parcels(order)
    assert parcel.number.startswith("PY")
    assert len(parcel.number) == 11
    assert (parcel.piece, parcel.state, parcel.service, parcel.carrier) == (1, "packed", "Standard", None)
    assert (parcel.packed_at, parcel.shipped_at, parcel.weight_g) == (make.NOW, None, None)
    assert parcel.contents == ((2, "TEA", "Tea thing"), (1, "MUG", "Tea thing"))
    assert here.events(order)[-2:] == [
        f"Packing of parcel {parcel.number} began.",
        f"Parcel {parcel.number} packed: 3 units.",
    ]
    assert here.news() == ["ParcelPacked"]
    assert here.floor.ask("SELECT tote_free_at IS NOT NULL FROM batch_orders") == [(True,)]
    assert here.floor.ask(
        f"SELECT p.kind, p.code FROM places p JOIN parcels x ON x.place_id = p.id WHERE x.id = '{parcel.id}'"
    ) == [("parcel", parcel.number)]
    here.check()


def test_papers_are_made_at_the_close_and_are_the_same_bytes_when_read(db: Database, config: Config) -> None:
    here = table(db, config)
    _, parcel = here.packed(tea=1)
    with db.transaction(AsFloor(here.floor.site.id), read_only=True) as session:
        papers = {
            kind: read_paper(session, here.files, here.acme, parcel.id, kind)
            for kind in ("label_pdf", "label_zpl", "slip_a4", "slip_4x6")
        }
        with pytest.raises(NotFoundError, match="no such paper"):
            document(session, here.acme, parcel.id, "invoice")
    assert [paper.media_type for paper in papers.values()] == [
        "application/pdf", "application/zpl", "application/pdf", "application/pdf",
    ]  # fmt: skip
    assert papers["label_pdf"].file_name == f"{parcel.number}-label-pdf.pdf"
    assert all(papers[kind].data.startswith(b"%PDF-") for kind in ("label_pdf", "slip_a4", "slip_4x6"))
    assert papers["label_zpl"].data.startswith(b"^XA")
    assert sorted(here.floor.ask("SELECT kind FROM documents")) == [
        ("label_pdf",), ("label_zpl",), ("slip_4x6",), ("slip_a4",),
    ]  # fmt: skip


def test_papers_made_again_are_the_same_rows(db: Database, config: Config) -> None:
    from portal.domain.shipping.commands import make_papers

    here = table(db, config)
    _, parcel = here.packed(tea=1)
    before = here.floor.ask("SELECT id, kind, sha256, created_at FROM documents ORDER BY kind")
    with db.transaction(AsFloor(here.floor.site.id)) as session:
        make_papers(
            session, here.files, merchant_id=here.acme, parcel_id=parcel.id, at=make.NOW.replace(hour=12)
        )
    assert here.floor.ask("SELECT id, kind, sha256, created_at FROM documents ORDER BY kind") == before


@pytest.mark.parametrize(
    ("code", "headline", "sentence"),
    [
        ("NOBODY", "Not this merchant's", "'NOBODY' is no item of this order. Needed: 1 × TEA, 1 × MUG."),
        ("CUP-BC", "Not in this order", "Put it back where it came from. Needed: 1 × TEA, 1 × MUG."),
        ("TEA-CASE", "Too many at once", "This barcode stands for 3 × TEA; 1 is needed. Scan single units."),
        ("RIVAL-BC", "Not this merchant's", "'RIVAL-BC' is no item of this order. Needed: 1 × TEA, 1 × MUG."),
    ],
)
def test_wrong_items_say_what_is_needed_and_change_nothing(
    db: Database, config: Config, code: str, headline: str, sentence: str
) -> None:
    here = table(db, config)
    make.sku(db, here.acme, "CUP")
    rival = make.merchant(db, here.floor.site, code="RIVAL")
    make.sku(db, rival, "TEA", barcode="RIVAL-BC")
    with db.transaction(AsMerchant(here.acme)) as session:
        add_barcode(session, merchant_id=here.acme, sku_id=here.floor.tea, code="TEA-CASE", quantity=3)
    order = here.order(tea=2, mug=1)
    parcel_id = here.open(order)
    here.scan(parcel_id, "TEA-BC")
    before = here.moved()
    answer = here.scan(parcel_id, code)
    assert (answer.verdict, answer.headline, answer.sentence) == ("rejected", headline, sentence)
    assert here.moved() == before
    assert here.floor.stages(order) == {"picked": 2, "packed": 1}
    assert here.state(parcel_id).state == "packing"
    here.check()


def test_one_too_many_is_rejected(db: Database, config: Config) -> None:
    here = table(db, config)
    order = here.order(tea=1, mug=1)
    parcel_id = here.open(order)
    here.scan(parcel_id, "TEA-BC")
    answer = here.scan(parcel_id, "TEA-BC")
    assert (answer.verdict, answer.headline) == ("rejected", "One too many")
    assert answer.sentence == "All TEA of this order are packed. Needed: 1 × MUG."
    assert here.floor.stages(order) == {"picked": 1, "packed": 1}


def test_a_case_fills_the_upper_line_first(db: Database, config: Config) -> None:
    here = table(db, config)
    with db.transaction(AsMerchant(here.acme)) as session:
        add_barcode(session, merchant_id=here.acme, sku_id=here.floor.tea, code="TEA-CASE", quantity=3)
    order = _two_lines(here.floor.db, here.acme, here.floor.tea, 2, 2)
    here.pick()
    parcel_id = here.open(order)
    answer = here.scan(parcel_id, "TEA-CASE")
    assert (answer.verdict, answer.headline, answer.sentence) == (
        "applied", "Packed 3 × TEA", "Needed: 1 × TEA.",
    )  # fmt: skip
    assert [(line.wanted, line.packed) for line in here.state(parcel_id).lines] == [(2, 2), (2, 1)]
    undone = here.undo(parcel_id)
    assert undone.sentence == "Put 3 × TEA back into T-01."
    assert [(line.wanted, line.packed) for line in here.state(parcel_id).lines] == [(2, 0), (2, 0)]
    assert sorted(here.moved()) == [
        ("pack", 1, "T-01", "parcel", False), ("pack", 2, "T-01", "parcel", False),
        ("unpack", 1, "parcel", "T-01", True), ("unpack", 2, "parcel", "T-01", True),
    ]  # fmt: skip
    here.check()


def _two_lines(db: Database, merchant_id: UUID, sku_id: UUID, *quantities: int) -> UUID:
    from dataclasses import replace

    from portal.domain.orders.commands.accept import accept_orders
    from portal.domain.orders.commands.allocation import allocate

    wanted = make.new_order({sku_id: 1})
    lines = tuple(replace(wanted.lines[0], quantity=quantity) for quantity in quantities)
    with db.transaction(AsMerchant(merchant_id)) as session:
        [order_id] = accept_orders(
            session, merchant_id=merchant_id, orders=[replace(wanted, lines=lines)], source="x", by=None, at=make.NOW
        )  # fmt: skip
        allocate(session, merchant_id=merchant_id, order_ids=[order_id], by=None, at=make.NOW)
    return order_id


def test_undo_takes_back_one_scan_after_another_and_no_more(db: Database, config: Config) -> None:
    here = table(db, config)
    order = here.order(tea=2, mug=1)
    parcel_id = here.open(order)
    here.scan(parcel_id, "TEA-BC")
    here.scan(parcel_id, "MUG-BC")
    assert here.undo(parcel_id).sentence == "Put 1 × MUG back into T-01."
    assert here.undo(parcel_id).sentence == "Put 1 × TEA back into T-01."
    with pytest.raises(WrongStateError, match="is empty"):
        here.undo(parcel_id)
    assert here.floor.stages(order) == {"picked": 3}
    assert here.parcels(order)[0].contents == ()
    for code in ("TEA-BC", "TEA-BC", "MUG-BC"):
        here.scan(parcel_id, code)
    with pytest.raises(WrongStateError, match="is packed; only what lies in an open parcel"):
        here.undo(parcel_id)
    assert here.parcels(order)[0].units == 3
    here.check()


def test_a_hold_stops_the_box_until_it_is_released(db: Database, config: Config) -> None:
    here = table(db, config)
    order = here.order(tea=2)
    parcel_id = here.open(order)
    here.scan(parcel_id, "TEA-BC")
    hold_id = hold(db, here.acme, order)
    answer = here.scan(parcel_id, "TEA-BC")
    assert (answer.verdict, answer.headline) == ("conflict", "On hold")
    assert answer.sentence.endswith("The recipient has moved. Next step: Send the new address.")
    with pytest.raises(WrongStateError, match="is on hold"):
        here.close(parcel_id)
    stop = here.state(parcel_id).stop
    assert stop is not None
    assert stop.headline == "On hold"
    assert (here.floor.stages(order), here.news()) == ({"picked": 1, "packed": 1}, [])
    release(db, here.acme, hold_id)
    assert here.scan(parcel_id, "TEA-BC").completed == "parcel"


def test_a_held_order_gets_no_parcel(db: Database, config: Config) -> None:
    here = table(db, config)
    order = here.order(tea=1)
    hold(db, here.acme, order)
    with pytest.raises(WrongStateError, match="is on hold"):
        here.open(order)
    assert here.parcels(order) == []
    assert here.floor.ask("SELECT count(*) FROM places WHERE kind = 'parcel'") == [(0,)]


def test_an_order_of_which_nothing_is_picked_gets_no_parcel(db: Database, config: Config) -> None:
    here = table(db, config)
    order = make.order(db, here.acme, {here.floor.tea: 1}, number="#9")
    with pytest.raises(WrongStateError, match="Nothing of order #9 lies picked in a tote"):
        here.open(order)


def test_a_cancelled_order_is_not_packed(db: Database, config: Config, superuser) -> None:
    from sqlalchemy import text

    here = table(db, config)
    order = here.order(tea=1)
    parcel_id = here.open(order)
    superuser.execute(
        text("UPDATE orders SET state = 'cancelled', progress = 'cancelled', cancelled_at = now()")
    )
    superuser.commit()
    answer = here.scan(parcel_id, "TEA-BC")
    assert (answer.verdict, answer.headline) == ("conflict", "Order cancelled")
    assert here.floor.stages(order) == {"picked": 1}


def test_a_split_order_goes_in_two_parcels(db: Database, config: Config) -> None:
    here = table(db, config)
    order = here.order(tea=2, mug=1)
    first = here.open(order)
    with pytest.raises(WrongStateError, match="is empty"):
        here.close(first)
    here.scan(first, "TEA-BC")
    here.close(first)
    assert here.floor.progress(order) == "picked"
    assert here.floor.ask("SELECT tote_free_at FROM batch_orders") == [(None,)]
    second = here.open(order)
    assert second != first
    assert [(line.sku_code, line.wanted) for line in here.state(second).lines] == [("TEA", 1), ("MUG", 1)]
    here.scan(second, "TEA-BC")
    assert here.scan(second, "MUG-BC").completed == "parcel"
    parcels = here.parcels(order)
    assert [(p.piece, p.state, p.units) for p in parcels] == [(1, "packed", 1), (2, "packed", 2)]
    assert parcels[0].number != parcels[1].number
    assert here.floor.progress(order) == "packed"
    here.ship(first)
    assert here.floor.progress(order) == "packed"
    here.ship(second)
    assert here.floor.progress(order) == "shipped"
    assert here.news() == ["ParcelPacked", "ParcelPacked", "ParcelShipped", "ParcelShipped"]
    here.check()


def test_the_weight_is_known_when_every_sku_weighs_something(db: Database, config: Config, superuser) -> None:
    from sqlalchemy import text

    here = table(db, config)
    superuser.execute(text("UPDATE skus SET weight_g = CASE code WHEN 'TEA' THEN 120 ELSE 350 END"))
    superuser.commit()
    _, parcel = here.packed(tea=2, mug=1)
    assert parcel.weight_g == 590


def test_a_worker_of_another_site_sees_nothing_and_changes_nothing(db: Database, config: Config) -> None:
    from portal.domain.shipping.commands import open_parcel, ship_parcel

    here = table(db, config)
    order, parcel = here.packed(tea=1)
    other = make.site(db, code="SS")
    with db.transaction(AsFloor(other.id)) as session:
        assert find_parcel(session, here.floor.site.id, parcel.number) is None
        assert find_parcel(session, other.id, parcel.number) is None
        with pytest.raises(NotFoundError):
            ship_parcel(
                session, merchant_id=here.acme, parcel_id=parcel.id, scan_id=new_id(), by=None, at=make.NOW
            )
        with pytest.raises(NotFoundError):
            open_parcel(session, merchant_id=here.acme, order_id=order, by=None, at=make.NOW)
        with pytest.raises(NotFoundError):
            document(session, here.acme, parcel.id, "label_pdf")
    assert here.parcels(order)[0].state == "packed"


def test_a_rival_sees_no_parcel_and_no_paper(db: Database, config: Config) -> None:
    from portal.domain.shipping.queries import get_parcel, parcels_of_order, parcels_waiting

    here = table(db, config)
    order, parcel = here.packed(tea=1)
    rival = make.merchant(db, here.floor.site, code="RIVAL")
    with db.transaction(AsMerchant(rival)) as session:
        assert parcels_of_order(session, here.acme, order) == []
        with pytest.raises(NotFoundError):
            get_parcel(session, here.acme, parcel.id)
        with pytest.raises(NotFoundError):
            read_paper(session, here.files, here.acme, parcel.id, "slip_a4")
    with db.transaction(AsOffice()) as session:
        assert [row.number for row in parcels_waiting(session, here.floor.site.id)] == [parcel.number]
        page = get_parcel(session, here.acme, parcel.id)
        assert page.recipient is not None
        assert (page.merchant_name, page.recipient.name, len(page.documents)) == ("Acme Goods", "Ada Cole", 4)


def test_the_papers_of_a_split_order_say_what_is_where(db: Database, config: Config) -> None:
    here = table(db, config)
    order = here.order(tea=2, mug=1, number="#55")
    first = here.open(order)
    here.scan(first, "TEA-BC")
    here.close(first)
    second = here.open(order)
    here.scan(second, "TEA-BC")
    here.scan(second, "MUG-BC")

    def read(parcel_id: UUID, kind: str) -> str:
        with db.transaction(AsFloor(here.floor.site.id), read_only=True) as session:
            paper = read_paper(session, here.files, here.acme, parcel_id, kind)
        return " ".join(pypdfium2.PdfDocument(paper.data)[0].get_textpage().get_text_range().split())

    slip, later = read(first, "slip_a4").split("In another parcel")
    assert "In this parcel Parcel 1 SKU 1 Tea thing TEA" in slip
    assert "1 Tea thing TEA" in later
    assert "1 Tea thing MUG" in later
    assert "Parcel 1 " in read(first, "label_pdf")
    assert "Parcel 1 of" not in read(first, "label_pdf")
    assert "Parcel 2 of 2" in read(second, "label_pdf")
    slip, later = read(second, "slip_4x6").split("In another parcel")
    assert "1 Tea thing MUG" in slip
    assert "1 Tea thing TEA" in later
    assert "MUG" not in later


def test_what_is_not_picked_yet_is_said_and_can_follow(db: Database, config: Config) -> None:
    from portal.domain.picking.commands import give_back_batch

    here = table(db, config)
    order = make.order(db, here.acme, {here.floor.tea: 2}, number="#8")
    batch = here.floor.start()
    here.floor.scan("A-01-1")
    here.floor.scan("TEA-BC")
    with db.transaction(AsFloor(here.floor.site.id)) as session:
        give_back_batch(session, site_id=here.floor.site.id, batch_id=batch, at=make.NOW)
    parcel_id = here.open(order)
    answer = here.scan(parcel_id, "TEA-BC")
    assert (answer.verdict, answer.headline, answer.completed) == ("applied", "Tote empty", "line")
    again = here.scan(parcel_id, "TEA-BC")
    assert (again.verdict, again.headline) == ("rejected", "Not picked yet")
    assert here.floor.stages(order) == {"allocated": 1, "packed": 1}
    assert here.state(parcel_id).state == "packing"
    here.pick()
    assert here.scan(parcel_id, "TEA-BC").completed == "parcel"
    assert here.floor.progress(order) == "packed"
    here.check()
