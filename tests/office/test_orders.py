"""Orders of all merchants: lists that can be sent as links, one order, holds and cancelling."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from sqlalchemy import text

from tests import make
from tests.office.conftest import hold, page, promise, send, words

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from sqlalchemy import Connection

    from portal.kernel.db import Database
    from tests.office.conftest import House


def _numbers(html: str) -> list[str]:
    body = html.partition("<tbody>")[2].partition("</tbody>")[0]
    return [words(row.partition("</a>")[0]) for row in body.split("<tr>")[1:]]


def test_filters_sorting_and_pages_are_in_the_address(
    clerk: FlaskClient, db: Database, house: House, superuser: Connection
) -> None:
    mug = make.sku(db, house.rival, "MUG")
    for order_id in (
        make.order(db, house.rival, {mug: 1}, number="#R1"),
        make.order(db, house.acme, {house.tea: 50}, number="#1002"),
    ):
        promise(superuser, order_id, days=1)
    assert _numbers(page(clerk, "/o/orders?sort=number&order=asc")) == ["#1001", "#1002", "#R1"]
    assert _numbers(page(clerk, "/o/orders?sort=number&order=desc")) == ["#R1", "#1002", "#1001"]
    assert _numbers(page(clerk, f"/o/orders?merchant={house.rival}")) == ["#R1"]
    assert _numbers(page(clerk, "/o/orders?progress=ready")) == ["#1001"]
    assert sorted(_numbers(page(clerk, "/o/orders?progress=waiting_for_stock"))) == ["#1002", "#R1"]
    assert _numbers(page(clerk, "/o/orders?search=%23R")) == ["#R1"]
    assert _numbers(page(clerk, f"/o/orders?site={house.site.id}&search=%231001")) == ["#1001"]
    promise(superuser, house.order, days=-1)
    html = page(clerk, "/o/orders?view=late")
    assert _numbers(html) == ["#1001"]
    assert "Ready to pick Late" in words(html)
    hold(db, house)
    assert _numbers(page(clerk, "/o/orders?view=ours")) == ["#1001"]
    assert "On hold Late" in words(page(clerk, "/o/orders?view=held"))


def test_odd_addresses_are_read_as_far_as_they_go(clerk: FlaskClient, house: House) -> None:
    odd = "/o/orders?merchant=nobody&site=%00&progress=x&view=x&sort=x&order=x&page=-1&search=%00"
    assert _numbers(page(clerk, odd)) == ["#1001"]
    assert "No order fits" in words(page(clerk, f"/o/orders?merchant={uuid4()}"))
    assert "Nothing on this page" in words(page(clerk, "/o/orders?page=9"))


def test_an_order_answers_why(clerk: FlaskClient, house: House) -> None:
    said = words(page(clerk, f"/o/orders/{house.acme}/{house.order}"))
    assert "Why has this not shipped?" in said
    assert "Who acts Us Next" in said
    assert "TEA Tea thing 2 2 allocated" in said
    assert "Ada Cole 12 Park Row Leeds LS1 4AP GB E-mail ada@example.com" in said
    assert "None yet. A parcel appears when packing begins." in said


def test_a_hold_is_placed_and_released(clerk: FlaskClient, house: House, superuser: Connection) -> None:
    order = f"/o/orders/{house.acme}/{house.order}"
    answer = send(clerk, f"{order}/hold", order, reason="Address is a field", next_step="Call Ada")
    assert (answer.status_code, answer.headers["Location"]) == (303, order)
    said = words(page(clerk, order))
    assert (
        "The order is on hold. The floor will not pick, pack or ship it until the hold is released." in said
    )
    assert "Release the hold Held by us since" in said
    row = superuser.execute(text("SELECT id, kind, owner, reason, next_step, released_at FROM holds")).one()
    assert tuple(row)[1:] == ("operator", "operator", "Address is a field", "Call Ada", None)
    released = send(clerk, f"/o/orders/{house.acme}/holds/{row.id}/release", order)
    assert released.headers["Location"] == order
    assert "Hold released: Address is a field" in words(page(clerk, order))
    again = send(clerk, f"/o/orders/{house.acme}/holds/{row.id}/release", order)
    assert again.status_code == 404


def test_an_order_is_cancelled_and_its_stock_is_free(
    clerk: FlaskClient, house: House, superuser: Connection
) -> None:
    order = f"/o/orders/{house.acme}/{house.order}"
    assert send(clerk, f"{order}/cancel", order).status_code == 303
    said = words(page(clerk, order))
    assert "It will not ship" in said
    assert "Stop it" not in said
    assert superuser.execute(text("SELECT state, progress FROM orders")).one() == ("cancelled", "cancelled")
    assert superuser.execute(
        text("SELECT condition, quantity FROM balances WHERE physical AND quantity > 0")
    ).all() == [("available", 10)]


def test_the_order_of_another_merchant_is_not_found_under_this_one(
    clerk: FlaskClient, house: House, superuser: Connection
) -> None:
    order = f"/o/orders/{house.acme}/{house.order}"
    for action in ("hold", "cancel", "end-links"):
        answer = send(
            clerk, f"/o/orders/{house.rival}/{house.order}/{action}", order, reason="x", next_step="y"
        )
        assert answer.status_code == 404
    assert superuser.execute(text("SELECT count(*) FROM holds")).scalar() == 0
    assert superuser.execute(text("SELECT state FROM orders")).scalar() == "open"
