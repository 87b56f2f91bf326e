"""The same file, order or click again, one after the other and all at once: nothing becomes an order twice."""

from __future__ import annotations

import threading

import pytest

from portal.domain.intake.commands import (
    Confirmed,
)
from tests import make
from tests.intake import samples
from tests.intake.desk import confirm, everything, look, mend, orders_of, preview, staged
from tests.intake.samples import Item, a_file, order


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


def test_a_rivals_order_of_the_same_number_is_another_order(db, here, acme):
    rival = make.merchant(db, here, code="RIVAL")
    data = a_file(order(1))
    assert confirm(db, acme, preview(db, acme, data)).accepted == 1
    assert look(db, rival, preview(db, rival, data)).counts["ship"] == 1


def test_many_orders_with_many_skus(db, acme):
    made = [order(n, Item(f"SKU-{n}")) for n in range(1, 2_501)]
    import_id = preview(db, acme, a_file(*made))
    assert confirm(db, acme, import_id) == Confirmed(
        accepted=2_500, units=2_500, draft_skus=2_500, left_with_unknown_sku=0
    )
