"""Preview, mend, confirm: nothing is an order before the merchant says so, and nothing becomes one twice."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import text

from portal.domain.intake.commands import (
    Confirmed,
    confirm_import,
    discard_import,
    mend_order,
    preview_import,
)
from portal.domain.intake.queries import get_preview, get_staged_order, list_imports
from portal.domain.intake.rules import UnreadableFile
from portal.domain.orders.queries import OrderFilter, get_order, list_orders
from portal.kernel.db import run
from portal.kernel.errors import NotFoundError, UnprocessableError, WrongStateError
from portal.kernel.scopes import AsMerchant
from tests import make
from tests.intake import samples
from tests.intake.samples import Item, a_file, order


@pytest.fixture
def here(db):
    return make.site(db)


@pytest.fixture
def acme(db, here):
    return make.merchant(db, here)


def preview(db, merchant, data, *, name="orders.csv"):
    with db.transaction(AsMerchant(merchant)) as session:
        return preview_import(session, merchant_id=merchant, file_name=name, data=data, by=None, at=make.NOW)


def confirm(db, merchant, import_id, choice="create", *, at=make.NOW):
    with db.transaction(AsMerchant(merchant)) as session:
        return confirm_import(
            session, merchant_id=merchant, import_id=import_id, unknown_skus=choice, by=None, at=at
        )


def mend(db, merchant, staged_id, skus=(), **changes):
    with db.transaction(AsMerchant(merchant)) as session:
        return mend_order(session, merchant_id=merchant, staged_id=staged_id, changes=changes, skus=skus)


def look(db, merchant, import_id):
    with db.transaction(AsMerchant(merchant), read_only=True) as session:
        return get_preview(session, merchant, import_id)


def orders_of(db, merchant):
    with db.transaction(AsMerchant(merchant), read_only=True) as session:
        rows = list_orders(session, OrderFilter(merchant_id=merchant), limit=250, offset=0)[0]
    return sorted(rows, key=lambda row: row.number)


def everything(db, merchant):
    """Return every row that an import may not touch twice."""
    with db.transaction(AsMerchant(merchant), read_only=True) as session:
        return [
            run(session, "SELECT id, fingerprint, progress FROM orders ORDER BY id"),
            run(session, "SELECT order_id, position, sku_id, quantity FROM order_lines ORDER BY id"),
            run(session, "SELECT order_id, name, address1, city FROM recipients ORDER BY order_id"),
            run(session, "SELECT id FROM order_events ORDER BY id"),
            run(session, "SELECT id, quantity FROM movements ORDER BY id"),
            run(session, "SELECT id, code FROM skus ORDER BY id"),
        ]


def staged(preview_, number):
    [row] = [row for row in preview_.staged if row.order.number == number]
    return row


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
            order(2, Item("TEA", "Tea", "3")),
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


def test_a_second_confirmation_changes_nothing(db, acme):
    import_id = preview(db, acme, a_file(order(1), order(2)))
    confirm(db, acme, import_id)
    before = everything(db, acme)
    assert confirm(db, acme, import_id) == Confirmed(0, 0, 0, 0)
    assert everything(db, acme) == before


def test_the_same_file_again_changes_nothing(db, acme):
    data = a_file(*samples.orders(25, 4))
    confirm(db, acme, preview(db, acme, data))
    before = everything(db, acme)
    again = preview(db, acme, data)
    shown = look(db, acme, again)
    assert (shown.counts["same"], shown.counts["ship"], shown.units_to_ship) == (25, 0, 0)
    assert shown.same_file_before is not None
    assert confirm(db, acme, again) == Confirmed(0, 0, 0, 0)
    assert everything(db, acme) == before


def test_a_mended_order_is_the_same_when_its_file_comes_again(db, acme):
    data = a_file(
        order(1),
        order(
            2, Shipping_Name="", Shipping_Address1="", Shipping_City="", Shipping_Zip="", Shipping_Country=""
        ),
        order(3, Item("")),
    )
    import_id = preview(db, acme, data)
    assert confirm(db, acme, import_id).accepted == 1
    shown = look(db, acme, import_id)
    assert (
        mend(
            db,
            acme,
            staged(shown, "#PY1002").id,
            name="Bo Ek",
            address1="1 Mill Lane",
            city="York",
            postcode="YO1 7HH",
            country="gb",
        )
        == "ship"
    )
    assert mend(db, acme, staged(shown, "#PY1003").id, skus=["TEA-EG"]) == "ship"
    assert confirm(db, acme, import_id).accepted == 2
    assert [row.number for row in orders_of(db, acme)] == ["#PY1001", "#PY1002", "#PY1003"]
    before = everything(db, acme)
    again = preview(db, acme, data)
    assert look(db, acme, again).counts == {
        "ship": 0,
        "not_to_ship": 0,
        "attention": 0,
        "same": 3,
        "changed": 0,
        "accepted": 0,
    }
    confirm(db, acme, again)
    assert everything(db, acme) == before


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


def test_an_order_that_changed_in_the_shop_is_shown_and_never_overwritten(db, acme):
    confirm(db, acme, preview(db, acme, a_file(order(1), order(2), order(3))))
    before = everything(db, acme)
    again = preview(
        db,
        acme,
        a_file(order(1), order(2, Shipping_City="York"), order(3, Cancelled_at="2026-11-15 09:00:00 -0500")),
    )
    shown = look(db, acme, again)
    assert [(row.order.number, row.verdict, row.reason) for row in shown.staged] == [
        ("#PY1001", "same", ""), ("#PY1002", "changed", ""), ("#PY1003", "changed", "cancelled"),
    ]  # fmt: skip
    assert all(row.order_id for row in shown.staged)
    confirm(db, acme, again)
    assert everything(db, acme) == before


@pytest.mark.parametrize("first", ["with ids", "without ids"])
def test_a_file_that_lost_the_shops_ids_doubles_nothing(db, acme, first):
    made = samples.orders(5, 5)
    files = [a_file(*made), a_file(*made, columns=samples.COLUMNS_34)]
    if first == "without ids":
        files.reverse()
    assert confirm(db, acme, preview(db, acme, files[0])).accepted == 5
    before = everything(db, acme)
    again = preview(db, acme, files[1])
    assert look(db, acme, again).counts["ship"] == 0
    assert confirm(db, acme, again).accepted == 0
    assert everything(db, acme) == before


def test_two_shops_may_use_the_same_number(db, acme):
    assert confirm(db, acme, preview(db, acme, a_file(order(1, Id="10")))).accepted == 1
    assert confirm(db, acme, preview(db, acme, a_file(order(1, Id="20", Shipping_City="York")))).accepted == 1
    assert len(orders_of(db, acme)) == 2


def test_two_previews_of_one_file_confirmed_at_once_double_nothing(db, acme):
    data = a_file(*samples.orders(40, 6))
    ids = [preview(db, acme, data) for _ in range(6)]
    together, done, failed = threading.Barrier(len(ids)), [], []

    def one(import_id):
        try:
            together.wait(20)
            done.append(confirm(db, acme, import_id))
        except BaseException as error:  # noqa: BLE001 (told below, in the test's own thread)
            failed.append(error)

    threads = [threading.Thread(target=one, args=(import_id,)) for import_id in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failed == []
    assert sorted(result.accepted for result in done) == [0] * 5 + [40]
    assert len(orders_of(db, acme)) == 40
    for import_id in ids:
        counts = look(db, acme, import_id).counts
        assert counts["accepted"] + counts["same"] == 40
        assert counts["ship"] == counts["changed"] == 0


def test_one_confirmation_clicked_many_times_at_once_makes_each_order_once(db, acme):
    import_id = preview(db, acme, a_file(*samples.orders(20, 7)))
    done: list[int] = []
    threads = [
        threading.Thread(target=lambda: done.append(confirm(db, acme, import_id).accepted)) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(done) == [0] * 5 + [20]
    assert len(orders_of(db, acme)) == 20


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


def test_a_rivals_order_of_the_same_number_is_another_order(db, here, acme):
    rival = make.merchant(db, here, code="RIVAL")
    data = a_file(order(1))
    assert confirm(db, acme, preview(db, acme, data)).accepted == 1
    assert look(db, rival, preview(db, rival, data)).counts["ship"] == 1


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


def test_many_orders_with_many_skus(db, acme):
    made = [order(n, Item(f"SKU-{n}")) for n in range(1, 2_501)]
    import_id = preview(db, acme, a_file(*made))
    assert confirm(db, acme, import_id) == Confirmed(
        accepted=2_500, units=2_500, draft_skus=2_500, left_with_unknown_sku=0
    )
