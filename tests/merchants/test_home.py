"""Home answers four questions without a click, and each number leads to its rows."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from portal.domain.accounts.queries import MerchantCalendar
from portal.merchants.views.home import say_cut_off
from tests.merchants.shop import busy, shop
from tests.merchants.test_orders import numbers, words
from tests.people import signed_in

if TYPE_CHECKING:
    from flask import Flask

    from portal.config import Config
    from portal.kernel.db import Database


def test_each_number_leads_to_as_many_rows(db: Database, app: Flask, config: Config) -> None:
    client = signed_in(app, busy(db, config).owner)
    html = client.get("/m/").get_data(as_text=True)
    tiles = re.findall(r'<a class="tile" href="([^"]+)"[^>]*><b>(\d+)</b> <span>([^<]+)</span>', html)
    assert [(word, count) for _, count, word in tiles] == [
        ("Late or stuck", "3"), ("Going out today", "0"), ("SKUs with nothing to sell", "2"), ("Open orders", "9"),
    ]  # fmt: skip
    for href, count, _ in tiles:
        page = client.get(href.replace("&amp;", "&")).get_data(as_text=True)
        assert len(re.findall(r'<td[^>]*><a class="main"', page)) == int(count), href


def test_late_orders_say_why(db: Database, app: Flask, config: Config) -> None:
    text = words(signed_in(app, busy(db, config).viewer), "/m/")
    assert re.search(
        r"#JT1002 Marcus Obi, Lyon Late since \w+ \d+ \w+ Ready to pick It is next in line to be picked\. It is late",
        text,
    )
    assert (
        "It is on hold: The recipient asked for another colour. You: Release the hold when it can go." in text
    )
    assert "It waits for stock: 3 × POT-GLASS-1L (0 available). You: Send stock" in text
    assert "Import orders" not in text, "a viewer may not"


def test_a_new_merchant_is_told_how_to_begin(db: Database, app: Flask) -> None:
    text = words(signed_in(app, shop(db).owner), "/m/")
    assert "Nothing is late or stuck" in text
    assert "No orders yet Upload the file that your shop exports" in text


def test_newest_orders_come_first(db: Database, app: Flask, config: Config) -> None:
    client = signed_in(app, busy(db, config).owner)
    assert numbers(client, "/m/") == [f"#JT10{n:02d}" for n in range(10, 2, -1)]


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (datetime(2026, 11, 24, 9, 0, tzinfo=UTC), "Cut-off 14:00, in 5 h 0 min"),
        (datetime(2026, 11, 24, 13, 15, tzinfo=UTC), "Cut-off 14:00, in 45 min"),
        (
            datetime(2026, 11, 24, 14, 0, tzinfo=UTC),
            "Cut-off 14:00 has passed: new orders count from tomorrow",
        ),
        (datetime(2026, 11, 21, 9, 0, tzinfo=UTC), "Cut-off 14:00, on working days"),
    ],
)
def test_the_cut_off_is_told_in_the_sites_clock(now: datetime, said: str) -> None:
    calendar = MerchantCalendar(uuid4(), "Europe/London", time(14, 0), 1, "GBP")
    assert say_cut_off(calendar, now) == said
