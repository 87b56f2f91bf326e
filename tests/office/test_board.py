"""The board counts what its links show."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import TYPE_CHECKING

from portal.domain.orders.queries import BoardRow, OrderFilter, board, list_orders
from portal.kernel.scopes import AsOffice
from tests import make
from tests.office.conftest import hold, message, page, promise, words

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from sqlalchemy import Connection

    from portal.kernel.db import Database
    from tests.office.conftest import House


def test_an_empty_day(clerk: FlaskClient, superuser: Connection, house: House) -> None:
    promise(superuser, house.order, days=3)
    said = words(page(clerk, "/o/"))
    assert "Nothing is late, and today is done" in said
    assert "0 Late now Promised before today 0 Due today" in said
    assert "Nothing has to leave today" in said
    assert "1 Ready to pick 0 Being picked" in said


def test_late_due_held_and_broken_are_counted(
    clerk: FlaskClient, db: Database, superuser: Connection, house: House
) -> None:
    due = make.order(db, house.acme, {house.tea: 1})
    later = make.order(db, house.acme, {house.tea: 1})
    short = make.order(db, house.acme, {house.tea: 99})
    for order_id, days in ((house.order, -1), (due, 0), (short, 0), (later, 1)):
        promise(superuser, order_id, days=days)
    hold(db, house)
    message(db, house, state="failed", error="550 no such mailbox")
    message(db, house, state="unknown", to="bea@example.com")
    html = page(clerk, "/o/")
    said = words(html)
    assert "1 order is late" in said
    assert (
        "1 Late now Promised before today 2 Due today Not shipped yet 1 On hold by us We have the next step 1 Waiting for stock"
        in said
    )
    assert (
        "3 Ready to pick 0 Being picked 0 Waiting to be packed 0 Waiting for the label scan 1 Mails not sent 1 Mails of unknown fate"
        in said
    )
    assert "0 News given up" in said
    assert "Acme Goods 1 2 1 2 0 0 0 Late" in said
    assert f'href="/o/orders?view=late&amp;merchant={house.acme}&amp;site={house.site.id}"' in html
    assert "Rival Goods" not in said


def test_each_number_is_the_length_of_the_list_behind_it(
    clerk: FlaskClient, db: Database, superuser: Connection, house: House
) -> None:
    mug = make.sku(db, house.rival, "MUG")
    make.stock(db, house.site, house.rival, mug, 2)
    for n in range(5):
        promise(superuser, make.order(db, house.rival, {mug: 1}), days=n - 3)
        promise(superuser, make.order(db, house.acme, {house.tea: 2}), days=-(n % 2))
    promise(superuser, house.order, days=0)
    hold(db, house)
    found = re.findall(r'href="(/o/orders[^"]*)"[^>]*>(?:<b>)?([0-9]+)', page(clerk, "/o/"))
    assert len(found) == 8 + 2 * 4
    for address, number in found:
        listed = re.search(r'<p class="sub">([0-9]+) orders?', page(clerk, unescape(address)))
        assert listed is not None
        assert (address, listed[1]) == (address, number)


def test_the_day_is_the_sites_own(db: Database, superuser: Connection, house: House) -> None:
    # 01:30 in London is still the evening before in Chicago.
    west = make.site(db, code="CH")
    superuser.exec_driver_sql("UPDATE sites SET timezone = 'America/Chicago' WHERE code = 'CH'")
    superuser.commit()
    bigly = make.merchant(db, west, code="BIGLY")
    cup = make.sku(db, bigly, "CUP")
    there = make.order(db, bigly, {cup: 1})
    superuser.exec_driver_sql("UPDATE orders SET promised_on = '2026-12-01'")
    superuser.commit()
    now = datetime(2026, 12, 2, 1, 30, tzinfo=UTC)
    with db.transaction(AsOffice(), read_only=True) as session:
        rows = board(session, now=now)
        late = list_orders(session, OrderFilter(view="late", now=now))
        due = list_orders(session, OrderFilter(view="due", now=now))
        tomorrow = board(session, now=now + timedelta(days=1))
    assert rows == [
        BoardRow(house.site.id, house.acme, "Acme Goods", 1, 0, 1, 0, 0, 0, 0),
        BoardRow(west.id, bigly, "Bigly Goods", 0, 1, 0, 0, 0, 1, 0),
    ]
    assert ([row.id for row in late[0]], late[1]) == ([house.order], 1)
    assert ([row.id for row in due[0]], due[1]) == ([there], 1)
    assert [(row.merchant_name, row.late, row.due) for row in tomorrow] == [
        ("Acme Goods", 1, 0),
        ("Bigly Goods", 1, 0),
    ]
