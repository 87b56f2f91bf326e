"""What happens beside the straight way: a hold at the last moment, an order by machine, and people without JavaScript."""

from __future__ import annotations

import json
import urllib.request
from typing import TYPE_CHECKING

import pytest

from tests import people
from tests.browser import sign_in, window
from tests.stories.hands import ADDRESS, Desk, Hands, read, why
from tests.stories.house import House, house
from tests.stories.order_file import BUYER, NAME, STREET, file_of_the_day
from tests.stories.recipient import open_letter, phone

if TYPE_CHECKING:
    from playwright.sync_api import Browser

__all__ = ["house"]

pytestmark = [pytest.mark.browser, pytest.mark.slow]
GRACE = {
    "name": "Grace Whitfield", "address1": "2201 Sunset Boulevard", "city": "Los Angeles", "region": "CA", "postcode": "90026",
    "country": "US", "email": "grace@mail.example",
}  # fmt: skip


def body(number: str) -> bytes:
    """Return an order of one tea and one mug to Grace, as a machine sends it."""
    order = {
        "external_id": number, "number": number, "currency": "GBP", "total_minor": 2050, "recipient": GRACE,
        "lines": [
            {"sku": "TEA-EG", "name": "Earl Grey 250 g", "quantity": 1, "unit_price_minor": 850},
            {"sku": "MUG-BL", "name": "Stoneware mug, blue", "quantity": 1, "unit_price_minor": 1200},
        ],
    }  # fmt: skip
    return json.dumps(order).encode()


def send(house: House, token: str, number: str) -> tuple[int, bytes]:
    """Send an order by the API."""
    request = urllib.request.Request(
        house.live.url("/api/v1/orders"),
        data=body(number),
        headers={
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            "Idempotency-Key": f"key-{number}",
        },
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.status, answer.read()


def test_an_order_by_machine_reaches_its_recipient_once(house: House, chromium: Browser) -> None:
    token = people.token(house.db, house.acme)
    first, again = send(house, token, "#A-1"), send(house, token, "#A-1")
    assert first[0] == 201
    assert again == first, "the same key with the same bytes is the same answer"
    assert house.ask("SELECT number, progress FROM orders") == [("#A-1", "ready")]

    with window(chromium, "tablet") as floor:
        hands = Hands(floor.new_page(), house)
        hands.enrol()
        hands.leave()
        hands.begin()
        hands.begin_walk()
        hands.walk()
        number = hands.pack("#A-1")
        hands.scan(number)
        hands.sees("Shipped")
    house.wait_for("both mails arrived", lambda: len(house.mails_to("grace@mail.example")) >= 2)
    house.nothing_doubled_or_lost()
    confirmed, shipped = (open_letter(mail) for mail in house.mail.mails)
    assert confirmed.subject.startswith("Acme Goods: order #A-1 received, expected ")
    assert shipped.subject.startswith("Acme Goods: order #A-1 arriving ")
    with phone(chromium) as pocket:
        page = pocket.new_page()
        page.goto(shipped.link(r"/t/\w{27}"))
        said = read(page)
        assert f"Parcel number {number}" in said
        assert "to G., Los Angeles" in said
        assert page.get_by_role("link", name="Follow it at").count() == 0, (
            "an own label has no carrier's page"
        )


def test_a_hold_stops_a_box_between_packing_and_the_label(house: House, chromium: Browser) -> None:
    send(house, people.token(house.db, house.acme), "#A-2")
    with window(chromium, "desktop") as office_hours, window(chromium, "tablet") as floor:
        hands = Hands(floor.new_page(), house)
        hands.enrol()
        hands.leave()
        hands.begin()
        hands.begin_walk()
        hands.walk()
        number = hands.pack("#A-2")

        desk = Desk(office_hours.new_page(), house)
        sign_in(desk.page, house.live, house.owner.email)
        why(desk, "#A-2")
        desk.page.get_by_label("Reason").fill("The card was reported stolen.")
        said = desk.press("Put on hold")
        assert "The order is on hold." in said
        assert "The card was reported stolen." in said

        hands.scan(number)
        hands.page.locator(".wrong-screen").wait_for()
        stopped = hands.page.locator(".wrong-screen").inner_text()
        assert "hold" in stopped.lower()
        assert house.ask("SELECT state FROM parcels") == [("packed",)]
        assert house.ask("SELECT count(*)::int FROM movements WHERE because = 'ship'") == [(0,)]
        house.comes_to_rest()
        assert [mail["Subject"].split(",")[0] for mail in house.mail.mails] == [
            "Acme Goods: order #A-2 received"
        ]

        assert "The hold is released." in desk.press("Release the hold")
        hands.page.goto(house.live.url("/s/ship"))
        hands.scan(number)
        hands.sees("Shipped")
        assert house.ask("SELECT state FROM parcels") == [("shipped",)]
    house.wait_for("both mails arrived", lambda: len(house.mails_to("grace@mail.example")) == 2)
    house.nothing_doubled_or_lost()


def test_everybody_gets_through_the_day_without_javascript(house: House, chromium: Browser) -> None:
    with (
        window(chromium, "desktop", script=False) as office_hours,
        window(chromium, "tablet", script=False) as floor,
    ):
        desk = Desk(office_hours.new_page(), house)
        sign_in(desk.page, house.live, house.owner.email)
        assert "4 will become orders 8 units" in desk.upload(file_of_the_day())
        desk.mend("#PY1008", ADDRESS)
        desk.mend("#PY1009", {"SKU of 1 × Earl Grey 250 g": "TEA-EG"})
        desk.page.get_by_role("radio", name="Leave these orders here for now").check()
        assert "Imported 4 orders with 8 units." in desk.press("Make 4 orders with 8 units")

        hands = Hands(floor.new_page(), house, script=False)
        hands.enrol()
        hands.leave()
        hands.begin()
        hands.begin_walk()
        hands.scan("A-02-1")
        assert "Wrong place That is A-02-1. Go to A-01-1 and scan it." in read(hands.page)
        hands.scan("A-01-1")
        hands.sees("Take at A-01-1")
        hands.walk()
        hands.scan(hands.pack("#PY1001"))
        hands.sees("Shipped")
    house.wait_for("both mails arrived", lambda: len(house.mails_to(BUYER)) >= 2)
    with phone(chromium) as pocket:
        page = pocket.new_page()
        letter = open_letter(house.mails_to(BUYER)[1])
        page.goto(letter.link(r"/t/\w{27}"))
        assert page.locator("h1").inner_text().startswith("Arriving ")
        page.goto(letter.link(r"/t/details/\w{27}"))
        assert f"{NAME} {STREET}" in read(page)
    with window(chromium, "desktop", script=False) as elsewhere:
        clerk = Desk(elsewhere.new_page(), house)
        sign_in(clerk.page, house.live, house.clerk.email)
        clerk.open("/o/messages")
        clerk.page.get_by_label("Address or order number").fill("#PY1001")
        assert "2 messages" in clerk.press("Search")
        clerk.open("/o/orders?search=%23PY1002")
        assert "It waits for stock: 3 × TWL-BATH (0 available)." in clerk.follow("#PY1002")
    house.nothing_doubled_or_lost()
