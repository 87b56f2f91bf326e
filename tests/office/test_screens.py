"""The office's screens in a real Chromium: nothing for axe to find, nothing wider than the window, in light and dark."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from portal.domain.devices.commands import enrol_device
from portal.domain.messages.commands import conclude_message, start_message
from portal.domain.orders.commands.holds import place_hold
from portal.kernel import clock
from portal.kernel.scopes import AsFloor, AsOffice, AsSystem
from tests import people
from tests.browser import SIZES, axe, fits, sign_in, window
from tests.merchants import shop as shops
from tests.office.conftest import promise

if TYPE_CHECKING:
    from uuid import UUID

    from playwright.sync_api import Browser
    from sqlalchemy import Connection

    from portal.config import Config
    from portal.kernel.db import Database
    from tests.browser import Live

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def working_day(db: Database, config: Config, superuser: Connection) -> dict[str, str]:
    """Play a day in which something of every kind happened; return the addresses of the office's screens by name."""
    shop = shops.shop(db)
    shops.take(shop, "shipped", {"TEA-EARL-250": 2})
    shops.confirm_by_mail(shop, config, "shipped")
    shops.ship(shop, config, "shipped", carrier="ups", number="1Z999AA10123456784")
    for n in range(5):
        shops.take(shop, f"ready {n}", {"TEA-EARL-250": 1, "TEA-SENCHA-100": 1}, person=n)
        shops.confirm_by_mail(shop, config, f"ready {n}")
        promise(superuser, shop.orders[f"ready {n}"], days=(n % 3) - 1)
    shops.take(shop, "waiting", {"POT-GLASS-1L": 3, "TEA-EARL-250": 1}, person=3)
    with db.transaction(AsOffice()) as session:
        place_hold(
            session, merchant_id=shop.id, order_id=shop.orders["ready 2"], kind="operator", reason="The address is a field, not a house.",
            owner="operator", next_step="Ask the merchant for a house number.", by=None, at=clock.now(),
        )  # fmt: skip
    mails: list[UUID] = list(
        superuser.execute(text("SELECT id FROM messages ORDER BY created_at, id")).scalars()
    )
    superuser.rollback()
    for mail, move in zip(mails[-2:], ("fail", "lose"), strict=True):
        with db.transaction(AsSystem(shop.id, "a test")) as session:
            assert start_message(session, message_id=mail, at=clock.now())
            conclude_message(
                session, message_id=mail, move=move, error="550 5.1.1 No such mailbox", at=clock.now()
            )
    with db.transaction(AsFloor(shop.site.id)) as session:
        for name in ("Cart 1", "Cart 2", "Pack bench"):
            enrol_device(session, site_id=shop.site.id, name=name, by=None, at=clock.now())
    superuser.exec_driver_sql(
        "UPDATE devices SET locked_at = now(), failed_sign_ins = 5, last_seen_at = now() WHERE name = 'Cart 2'"
    )
    superuser.exec_driver_sql(
        "UPDATE outbox SET attempts = 10, failed_at = now(), error = 'ConnectionRefusedError: [Errno 111] Connection refused' "
        "WHERE id IN (SELECT id FROM outbox ORDER BY id LIMIT 2)"
    )
    superuser.commit()
    worker = people.staff(db, "worker", shop.site)
    parcel = superuser.execute(text("SELECT id FROM parcels")).scalar()
    orders = f"/o/orders/{shop.id}"
    return {
        "board": "/o/", "orders": "/o/orders", "orders-none": "/o/orders?search=nobody", "order-held": f"{orders}/{shop.orders['ready 2']}",
        "order-shipped": f"{orders}/{shop.orders['shipped']}", "order-waiting": f"{orders}/{shop.orders['waiting']}",
        "carrier": f"{orders}/parcels/{parcel}/carrier", "messages": "/o/messages", "message": f"/o/messages/{mails[0]}",
        "message-failed": f"/o/messages/{mails[-2]}", "news": "/o/news", "merchants": "/o/merchants", "merchant": f"/o/merchants/{shop.id}",
        "merchant-empty": f"/o/merchants/{shop.rival}", "merchant-new": "/o/merchants/new", "staff": "/o/staff", "worker": f"/o/staff/{worker.id}",
        "tablets": "/o/tablets", "places": "/o/places", "place": f"/o/places/{shop.site.bins[0]}",
    }  # fmt: skip


def test_every_screen_is_read_by_everybody(
    db: Database, superuser: Connection, live: Live, chromium: Browser
) -> None:
    addresses = working_day(db, live.config, superuser)
    people.staff(db, "admin")
    wrong: list[str] = []
    for size in SIZES:
        with window(chromium, size) as context:
            page = context.new_page()
            sign_in(page, live, "admin@operator.example")
            for name, address in addresses.items():
                answer = page.goto(live.url(address))
                assert answer is not None
                assert answer.status == 200, f"{name}: {answer.status}"
                wrong += [f"{name} at {size}: {problem}" for problem in fits(page)]
                for scheme in ("light", "dark"):
                    page.emulate_media(color_scheme=scheme)
                    wrong += [f"{name} at {size}, {scheme}: {problem}" for problem in axe(page)]
    assert wrong == []


def test_a_refused_form_leads_to_its_mistakes_without_script(
    db: Database, superuser: Connection, live: Live, chromium: Browser
) -> None:
    working_day(db, live.config, superuser)
    people.staff(db, "admin")
    with window(chromium, "phone", script=False) as context:
        page = context.new_page()
        sign_in(page, live, "admin@operator.example")
        page.goto(live.url("/o/merchants/new"))
        page.get_by_label("Name", exact=True).fill("Blue Kettle")
        page.get_by_role("button", name="Take the merchant on").click()
        assert page.title() == "Error: Take on a merchant · Parcelyard"
        assert page.get_by_label("Name", exact=True).input_value() == "Blue Kettle"
        page.get_by_role("link", name="Enter the owner's name.").click()
        assert page.evaluate("location.hash") == "#owner_name"


def test_a_mail_opens_its_tracking_page_in_a_tab_of_its_own(
    db: Database, superuser: Connection, live: Live, chromium: Browser
) -> None:
    addresses = working_day(db, live.config, superuser)
    people.staff(db, "clerk")
    with window(chromium, "desktop") as context:
        page = context.new_page()
        sign_in(page, live, "clerk@operator.example")
        page.goto(live.url(addresses["message"]))
        assert page.frame_locator("iframe.mail").get_by_role("link").count() > 0
        for link in (
            page.frame_locator("iframe.mail").locator("a[href*='/t/']").first,
            page.locator("a.wrap[href*='/t/']").first,
        ):
            with context.expect_page() as opened:
                link.click()
            assert "/t/" in opened.value.url
            assert opened.value.locator("h1").count() == 1
            opened.value.close()
