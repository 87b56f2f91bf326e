"""Every screen of merchants and of the sign-in, at three sizes, by day and by night: axe finds nothing, nothing sticks out.

`SCREENSHOTS=folder` keeps pictures of them, to be looked at.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from portal.domain.accounts.commands.passwords import issue_link
from portal.kernel import clock
from portal.kernel.scopes import AsMerchant
from tests import people
from tests.browser import SIZES, axe, broken_markup, fits, sign_in, window
from tests.merchants.shop import Shop, busy, export, mixed_file, row, write

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, Page

    from portal.config import Config
    from portal.kernel.db import Database
    from tests.browser import Live

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PICTURES = os.environ.get("SCREENSHOTS", "")


def look(page: Page, name: str) -> list[str]:
    """Judge the page that is open at every size, by day and by night."""
    wrong = broken_markup(page.content())
    for dark in (False, True):
        page.emulate_media(color_scheme="dark" if dark else "light")
        for size, (width, height) in (SIZES | {"narrow": (320, 800)}).items():
            if dark and size in ("tablet", "narrow"):
                continue
            page.set_viewport_size({"width": width, "height": height})
            wrong += [f"{size}{' dark' if dark else ''}: {problem}" for problem in fits(page)]
            if size == "narrow":
                continue
            wrong += [f"{size}{' dark' if dark else ''}: {problem}" for problem in axe(page)]
            if PICTURES:
                page.screenshot(
                    path=Path(PICTURES) / f"{name}.{size}{'.dark' if dark else ''}.png", full_page=True
                )
    return [f"{name}: {problem}" for problem in wrong]


def open_screens(page: Page, live: Live, paths: dict[str, str]) -> list[str]:
    """Open each page and judge it; return everything that is wrong."""
    wrong: list[str] = []
    for name, path in paths.items():
        answer = page.goto(live.url(path))
        assert answer is not None
        if answer.status != 200:
            wrong.append(f"{name}: {answer.status}")
        wrong += look(page, name)
    return wrong


def import_file(page: Page, live: Live, path: Path) -> None:
    """Upload a file as a person does."""
    page.goto(live.url("/m/imports"))
    page.get_by_label("Shopify orders export (CSV)").set_input_files(path)
    page.get_by_role("button", name="Upload and look at it").click()
    page.wait_for_load_state()


@pytest.fixture
def shop(db: Database, config: Config) -> Shop:
    return busy(db, config)


@pytest.fixture
def tall(chromium: Browser) -> Iterator[BrowserContext]:
    with window(chromium, "desktop") as context:
        yield context


def test_the_screens_of_orders_and_stock(live: Live, tall: BrowserContext, shop: Shop) -> None:
    page = tall.new_page()
    sign_in(page, live, shop.owner.email)
    orders = {
        f"order-{name}": f"/m/orders/{shop.orders[name]}"
        for name in ("shipped", "late", "held", "waiting", "ready 0")
    }
    wrong = open_screens(page, live, {
        "home": "/m/", "orders": "/m/orders", "orders-none": "/m/orders?search=nobody", "orders-held": "/m/orders?view=held&sort=number&order=asc",
        **orders, "stock": "/m/stock", "stock-low": "/m/stock?view=low", "sku": f"/m/stock/{shop.skus['TEA-EARL-250']}",
        "sku-new": "/m/stock/new",
    })  # fmt: skip
    page.goto(live.url("/m/stock?view=low"))
    page.get_by_role("link", name="TEA-ROOIBOS-100").click()
    wrong += look(page, "sku-draft")
    page.goto(live.url("/m/stock/new"))
    page.get_by_role("button", name="Add the SKU").click()
    wrong += look(page, "sku-new-wrong")
    assert wrong == []


def test_the_screens_of_imports(live: Live, tall: BrowserContext, shop: Shop, tmp_path: Path) -> None:
    page = tall.new_page()
    sign_in(page, live, shop.owner.email)
    wrong = open_screens(page, live, {"imports-none": "/m/imports"})
    import_file(page, live, write(tmp_path, b"%PDF-1.7 not a file of orders", "orders.pdf"))
    wrong += look(page, "unreadable")
    import_file(page, live, write(tmp_path, mixed_file()))
    wrong += look(page, "preview")
    for view in ("ship", "not_to_ship"):
        page.goto(f"{page.url.partition('?')[0]}?show={view}")
        wrong += look(page, f"preview-{view}")
    page.get_by_role("button", name="Make 2 orders").click()
    wrong += look(page, "preview-imported")
    import_file(page, live, write(tmp_path, mixed_file()))
    wrong += look(page, "preview-again")
    import_file(
        page,
        live,
        write(tmp_path, export([row("#1", Lineitem_quantity="9"), row("#7", Lineitem_sku="tea-sencha-100")])),
    )
    wrong += look(page, "preview-changed")
    wrong += open_screens(page, live, {"imports": "/m/imports"})
    assert wrong == []


def test_the_screens_of_people_and_machines(live: Live, tall: BrowserContext, shop: Shop) -> None:
    page = tall.new_page()
    sign_in(page, live, shop.owner.email)
    wrong = open_screens(
        page, live, {"team": "/m/team", "tokens-none": "/m/developers", "profile": "/profile"}
    )
    page.goto(live.url("/m/developers"))
    page.get_by_role("button", name="Make the token").click()
    wrong += look(page, "tokens-wrong")
    page.get_by_label("Name").fill("Shopify connector")
    page.get_by_role("button", name="Make the token").click()
    wrong += look(page, "tokens-new")
    wrong += open_screens(page, live, {"tokens": "/m/developers"})
    page.goto(live.url("/m/team"))
    page.get_by_label("Name").fill("Ann")
    page.get_by_label("E-mail address").fill("not an address")
    page.get_by_role("button", name="Send the invitation").click()
    wrong += look(page, "team-wrong")
    assert wrong == []


def test_what_a_viewer_sees(live: Live, tall: BrowserContext, shop: Shop) -> None:
    page = tall.new_page()
    sign_in(page, live, shop.viewer.email)
    wrong = open_screens(page, live, {
        "viewer-home": "/m/", "viewer-order": f"/m/orders/{shop.orders['held']}", "viewer-imports": "/m/imports", "viewer-team": "/m/team",
    })  # fmt: skip
    page.goto(live.url("/m/developers"))
    wrong += look(page, "viewer-refused")
    assert wrong == []


def test_the_screens_before_the_door(live: Live, tall: BrowserContext, shop: Shop) -> None:
    with shop.db.transaction(AsMerchant(shop.id)) as session:
        secret = issue_link(
            session, kind="invitation", user_id=shop.member.id, merchant_id=shop.id, at=clock.now()
        )
    page = tall.new_page()
    wrong = open_screens(
        page, live, {"sign-in": "/sign-in", "forgot": "/forgot", "invitation": f"/invitation/{secret}"}
    )
    page.goto(live.url("/sign-in"))
    page.get_by_label("E-mail address").fill("owner@juniper.example")
    page.get_by_label("Password").fill("not the right one")
    page.get_by_role("button", name="Sign in").click()
    wrong += look(page, "sign-in-wrong")
    page.goto(live.url("/nowhere"))
    wrong += look(page, "not-found")
    people.member(shop.db, shop.rival, "viewer", email=shop.owner.email)
    sign_in(page, live, shop.owner.email)
    assert page.url.endswith("/choose")
    wrong += look(page, "choose")
    assert wrong == []
