"""Preview, mend, confirm: nothing is an order before the merchant says so, and nothing becomes one twice."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from portal.domain.intake.commands import (
    Confirmed,
    confirm_import,
    discard_import,
)
from portal.domain.intake.queries import get_staged_order, list_imports
from portal.domain.intake.rules import UnreadableFile
from portal.domain.orders.queries import get_order
from portal.kernel.db import run
from portal.kernel.errors import NotFoundError, UnprocessableError, WrongStateError
from portal.kernel.scopes import AsMerchant
from tests import make
from tests.intake.desk import confirm, everything, look, mend, orders_of, preview, staged
from tests.intake.samples import Item, a_file, order


def test_a_preview_makes_no_order(db, acme):
    shown = look(
        db, acme, preview(db, acme, a_file(order(1, Item("TEA", quantity="2")), order(2, Shipping_Name="")))
    )
    assert shown.counts == {
        "ship": 1,
        "not_to_ship": 0,
        "attention": 1,
        "same": 0,
        "changed": 0,
        "accepted": 0,
    }
    assert (shown.units_to_ship, shown.unknown_skus) == (2, (("TEA", "Earl Grey 250 g", 1),))
    assert (shown.file.state, shown.file.row_count, shown.file.encoding, shown.file.delimiter) == (
        "preview",
        2,
        "UTF-8",
        ",",
    )
    assert everything(db, acme) == [[]] * 6


def test_a_file_that_cannot_be_read_leaves_nothing(db, acme):
    with pytest.raises(UnreadableFile):
        preview(db, acme, b"%PDF-1.7")
    with db.transaction(AsMerchant(acme)) as session:
        assert list_imports(session, acme) == []


def test_confirming_makes_the_orders_and_gives_them_stock(db, here, acme, superuser):
    tea = make.sku(db, acme, "TEA")
    make.stock(db, here, acme, tea, 2)
    import_id = preview(
        db,
        acme,
        a_file(
            order(1, Item("TEA", "Tea", "2"), Item("GIFT", "Gift card", ships="false")),
            order(2, Item("TEA", "Tea", "3"), Created_at="2026-11-15 00:10:00 -0500"),
        ),
    )
    assert confirm(db, acme, import_id, "leave") == Confirmed(
        accepted=2, units=5, draft_skus=0, left_with_unknown_sku=0
    )
    rows = {row.number: row for row in orders_of(db, acme)}
    assert {number: row.progress for number, row in rows.items()} == {
        "#PY1001": "ready",
        "#PY1002": "waiting_for_stock",
    }
    with db.transaction(AsMerchant(acme), read_only=True) as session:
        page = get_order(session, acme, rows["#PY1001"].id)
        assert (page.channel, page.external_id, page.currency, page.total_minor) == (
            "shopify",
            "6000000000001",
            "GBP",
            1345,
        )
        assert page.recipient is not None
        assert (page.recipient.name, page.recipient.email) == ("Ada Cole", "buyerpy1001@example.com")
        assert [(line.sku_code, line.quantity, line.requires_shipping) for line in page.lines] == [
            ("TEA", 2, True),
            ("GIFT", 1, False),
        ]
    events = superuser.execute(text("SELECT event, count(*) FROM outbox GROUP BY 1 ORDER BY 1")).all()
    assert ("OrderAccepted", 2) in events
    assert ("ImportConfirmed", 1) in events
    assert look(db, acme, import_id).counts["accepted"] == 2


def test_mending_step_by_step(db, acme):
    import_id = preview(
        db,
        acme,
        a_file(order(1, Item(""), Shipping_City="", Shipping_Country="England", Email="ada")),
    )
    one = look(db, acme, import_id).staged[0]
    assert mend(db, acme, one.id, city="Leeds\n\x00 West ") == "attention"
    assert mend(db, acme, one.id, country="gb", email="ada@example.com") == "attention"
    assert mend(db, acme, one.id, [" TEA\t1 "]) == "ship"
    with db.transaction(AsMerchant(acme)) as session:
        found, row = get_staged_order(session, acme, one.id)
    assert found == import_id
    assert row.order.ship_to is not None
    assert (row.order.ship_to.city, row.order.ship_to.country, row.order.ship_to.email) == (
        "Leeds West",
        "GB",
        "ada@example.com",
    )
    assert [line.sku_code for line in row.order.lines] == ["TEA 1"]


def test_what_is_an_order_or_given_up_cannot_be_mended(db, acme):
    import_id = preview(db, acme, a_file(order(1)))
    confirm(db, acme, import_id)
    with pytest.raises(WrongStateError):
        mend(db, acme, look(db, acme, import_id).staged[0].id, name="Somebody Else")
    other = preview(db, acme, a_file(order(2, Shipping_Name="")))
    with db.transaction(AsMerchant(acme)) as session:
        discard_import(session, merchant_id=acme, import_id=other)
    with pytest.raises(WrongStateError):
        mend(db, acme, look(db, acme, other).staged[0].id, name="Ada")
    with pytest.raises(WrongStateError):
        confirm(db, acme, other)
    with db.transaction(AsMerchant(acme)) as session, pytest.raises(WrongStateError):
        discard_import(session, merchant_id=acme, import_id=import_id)
    assert [row.number for row in orders_of(db, acme)] == ["#PY1001"]


def test_unknown_skus_created(db, acme):
    make.sku(db, acme, "KNOWN")
    import_id = preview(db, acme, a_file(order(1, Item("KNOWN"), Item("NEW-1")), order(2, Item("NEW-2"))))
    assert confirm(db, acme, import_id, "create") == Confirmed(
        accepted=2, units=3, draft_skus=2, left_with_unknown_sku=0
    )
    with db.transaction(AsMerchant(acme)) as session:
        assert run(session, "SELECT code, state FROM skus ORDER BY code") == [
            ("KNOWN", "active"),
            ("NEW-1", "draft"),
            ("NEW-2", "draft"),
        ]


def test_unknown_skus_matched_by_case_space_and_barcode_and_never_guessed(db, acme):
    make.sku(db, acme, "TEA-EG", barcode="5012345678900")
    make.sku(db, acme, "a b")
    make.sku(db, acme, "AB")
    import_id = preview(
        db, acme, a_file(order(1, Item("tea-eg ")), order(2, Item("5012345678900")), order(3, Item("ab")), order(4, Item("NOBODY"))),
    )  # fmt: skip
    shown = look(db, acme, import_id)
    assert {asked: row.code for asked, row in shown.matches.items()} == {
        "tea-eg": "TEA-EG",
        "5012345678900": "TEA-EG",
    }
    assert confirm(db, acme, import_id, "match") == Confirmed(
        accepted=2, units=2, draft_skus=0, left_with_unknown_sku=2
    )
    assert [row.number for row in orders_of(db, acme)] == ["#PY1001", "#PY1002"]
    assert confirm(db, acme, import_id, "create") == Confirmed(
        accepted=2, units=2, draft_skus=2, left_with_unknown_sku=0
    )


def test_unknown_skus_left(db, acme):
    make.sku(db, acme, "KNOWN")
    import_id = preview(db, acme, a_file(order(1, Item("KNOWN")), order(2, Item("KNOWN"), Item("NEW"))))
    assert confirm(db, acme, import_id, "leave") == Confirmed(
        accepted=1, units=1, draft_skus=0, left_with_unknown_sku=1
    )
    assert look(db, acme, import_id).unknown_skus == (("NEW", "Earl Grey 250 g", 1),)
    with pytest.raises(UnprocessableError):
        confirm(db, acme, import_id, "guess")


def test_a_line_that_was_shipped_already_needs_no_sku_and_makes_none(db, acme):
    import_id = preview(
        db, acme, a_file(order(1, Item("A"), Item("", status="fulfilled"), Item("GONE", status="fulfilled")))
    )
    assert look(db, acme, import_id).unknown_skus == (("A", "Earl Grey 250 g", 1),)
    assert confirm(db, acme, import_id) == Confirmed(
        accepted=1, units=1, draft_skus=1, left_with_unknown_sku=0
    )
    with db.transaction(AsMerchant(acme)) as session:
        assert run(session, "SELECT sku_code, quantity FROM order_lines") == [("A", 1)]
        assert run(session, "SELECT code FROM skus") == [("A",)]


def test_a_rival_finds_nothing(db, here, acme):
    rival = make.merchant(db, here, code="RIVAL")
    import_id = preview(db, acme, a_file(order(1, Shipping_Name=""), order(2)))
    staged_id = look(db, acme, import_id).staged[0].id
    for attempt in (
        lambda: confirm(db, rival, import_id),
        lambda: mend(db, rival, staged_id, name="Mallory"),
        lambda: look(db, rival, import_id),
    ):
        with pytest.raises(NotFoundError):
            attempt()
    with db.transaction(AsMerchant(rival)) as session:
        with pytest.raises(NotFoundError):
            discard_import(session, merchant_id=rival, import_id=import_id)
        with pytest.raises(NotFoundError):
            get_staged_order(session, rival, staged_id)
        with pytest.raises(NotFoundError):
            # Naming the owner does not help: the row is not there for a rival.
            confirm_import(
                session, merchant_id=acme, import_id=import_id, unknown_skus="create", by=None, at=make.NOW
            )
        assert list_imports(session, rival) == []
    assert look(db, acme, import_id).file.state == "preview"
    assert orders_of(db, acme) == []


def test_one_bad_row_keeps_its_order_and_stops_no_other(db, acme):
    import_id = preview(db, acme, a_file(order(1), order(2, Item("A"), Item("B", quantity="lots")), order(3)))
    assert confirm(db, acme, import_id).accepted == 2
    assert [row.number for row in orders_of(db, acme)] == ["#PY1001", "#PY1003"]
    shown = look(db, acme, import_id)
    [problem] = staged(shown, "#PY1002").order.problems
    assert (problem.row, problem.column, problem.code, problem.found) == (
        4,
        "Lineitem quantity",
        "bad_quantity",
        "“lots”",
    )
    assert problem.expected == "A whole number from 1 to 100,000."
    assert shown.counts["attention"] == 1


@pytest.mark.parametrize(
    ("sent", "kept"),
    [("C:\\files\\or\x00ders.csv", "orders.csv"), ("../../x.csv", "x.csv"), ("\ud800.csv", "?.csv"), ("", "unnamed"), ("n" * 500, "n" * 200)],
)  # fmt: skip
def test_a_files_name_is_kept_as_it_can_be_shown(db, acme, sent, kept):
    assert look(db, acme, preview(db, acme, a_file(order(1)), name=sent)).file.file_name == kept


def test_the_history_counts_what_became_of_each_file(db, acme):
    first = preview(db, acme, a_file(order(1), order(2, Shipping_Name="")))
    confirm(db, acme, first, at=make.NOW + timedelta(minutes=5))
    with db.transaction(AsMerchant(acme)) as session:
        [row] = list_imports(session, acme)
    assert (row.id, row.state, row.orders, row.accepted, row.attention) == (first, "confirmed", 2, 1, 1)
    assert row.confirmed_at == make.NOW + timedelta(minutes=5)
