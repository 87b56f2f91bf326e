"""Takes the README's pictures from a running demo: `python -m tests.stories.pictures DEMO_JSON OUT_FOLDER`.

It walks a box over the bench on the way, so the demo is one order further afterwards.
"""

from __future__ import annotations

import io
import json
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image
from playwright.sync_api import sync_playwright

from tests.browser import FLAGS, window
from tests.intake.samples import Item, a_file, order

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

MOST_SCANS = 40
"""More units than an order of the demo has; a picture is not waited for longer."""
COLOURS = 128
"""Screens are flat: so many colours are enough, and the files stay small."""


@dataclass(frozen=True, slots=True)
class Camera:
    """A demo, and the folder that its pictures go to."""

    demo: dict[str, Any]
    folder: Path
    browser: Browser

    def url(self, path: str) -> str:
        """Return the whole address of a path."""
        return self.demo["base_url"] + path

    def person(self, role: str, merchant: str = "") -> dict[str, str]:
        """Return somebody of the demo."""
        return next(one for one in self.demo["people"] if (one["role"], one["merchant"]) == (role, merchant))

    def sign_in(self, page: Page, role: str, merchant: str = "") -> None:
        """Come in by the form."""
        who = self.person(role, merchant)
        page.goto(self.url("/sign-in"))
        page.get_by_label("E-mail address").fill(who["email"])
        page.get_by_label("Password").fill(who["password"])
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(lambda url: "/sign-in" not in url)

    def take(self, page: Page, name: str, width: int = 0) -> None:
        """Keep what the window shows, `width` pixels wide, with as few colours as it needs."""
        picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
        if width:
            picture = picture.resize(
                (width, round(picture.height * width / picture.width)), Image.Resampling.LANCZOS
            )
        small = picture.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        small.save(self.folder / f"{name}.png", optimize=True)


def a_days_file() -> bytes:
    """Return a file of two dozen orders for the demo's first merchant: two SKUs are new, three orders are not to ship, one lacks its address."""
    goods = (
        Item("TEA-EARL-250", "Earl Grey loose tea 250 g", "2", "12.50"), Item("HONEY-340", "Heather honey 340 g", price="11.00"),
        Item("MUG-BLK", "Stoneware mug, black", "4", "18.00"), Item("TOWEL-TEA2", "Tea towels, pair", price="16.00"),
        Item("BOWL-S", "Breakfast bowl", "2", "21.00"), Item("tea-mint-100", "Garden mint tea 100 g", price="7.50"),
    )  # fmt: skip
    usual = [order(700 + n, goods[n % 6], *([goods[(n + 2) % 6]] if n % 3 else [])) for n in range(19)]
    return a_file(
        *usual,
        order(720, Item("TIN-COPPER", "Gift tin, copper", "1", "18.00")),
        order(721, Financial_Status="refunded"),
        order(722, Cancelled_at="2026-11-14 09:00:00 -0500"),
        order(723, Item("HONEY-340", status="fulfilled"), Fulfillment_Status="fulfilled"),
        order(
            724,
            goods[0],
            **{f"Shipping_{name}": "" for name in ("Name", "Address1", "City", "Zip", "Country")},
        ),
    )


def merchant(camera: Camera) -> None:
    """The home, the preview of a file and an order, at a desk."""
    with window(camera.browser, "1280x800") as context:
        page = context.new_page()
        camera.sign_in(page, "owner", "JUNIPER")
        page.goto(camera.url("/m/"))
        camera.take(page, "merchant-home")
        page.goto(camera.url("/m/imports"))
        page.get_by_label("Shopify orders export (CSV)").set_input_files(
            {"name": "orders_export.csv", "mimeType": "text/csv", "buffer": a_days_file()}
        )
        page.get_by_role("button", name="Upload and look at it").click()
        page.wait_for_load_state()
        camera.take(page, "merchant-preview")
        page.goto(camera.url("/m/orders?progress=waiting_for_stock"))
        page.locator("tbody a.main").first.click()
        page.wait_for_load_state()
        camera.take(page, "merchant-order")


def station(camera: Camera) -> None:
    """Pick, pack and label, on a tablet."""
    with window(camera.browser, "tablet") as context:
        page = context.new_page()
        camera.sign_in(page, "lead")
        page.goto(camera.url("/s/enrol"))
        page.get_by_label("Name of this tablet").fill("Pack bench 2")
        page.get_by_role("button", name="Enrol").click()
        page.get_by_text("This tablet is enrolled").first.wait_for()
        page.goto(camera.url("/s/pick"))
        begin = page.get_by_role("button", name="Begin a walk")
        if begin.count():
            begin.click()
        page.get_by_text("Go to").wait_for()
        camera.take(page, "station-pick")
        page.goto(camera.url("/s/pack"))
        _scan(page, page.locator("h1.datum").inner_text())
        page.get_by_text("into the box").wait_for()
        camera.take(page, "station-pack")
        owner = page.locator("header.top > span").first.inner_text().split(" · ")[0]
        for _ in range(MOST_SCANS):
            if not page.locator("main .times").count():
                break
            left = page.locator("header.top > span").first.inner_text()
            code = [line for line in page.locator("main .say").all_inner_texts() if "the box" not in line][-1]
            _scan(page, barcode(camera, owner, code.split(" · ")[0]))
            page.locator("header.top > span").first.filter(has_not_text=left).wait_for()
        page.locator("main .number").wait_for()
        camera.take(page, "station-label")


def barcode(camera: Camera, merchant_name: str, code: str) -> str:
    """Read a SKU's barcode off its page, as its merchant sees it."""
    [merchant_code] = {one["code"] for one in camera.demo["merchants"] if one["name"] == merchant_name}
    with window(camera.browser, "desktop") as context:
        page = context.new_page()
        camera.sign_in(page, "owner", merchant_code)
        page.goto(camera.url(f"/m/stock?search={code}"))
        page.get_by_role("link", name=code, exact=True).click()
        page.wait_for_load_state()
        return re.findall(r"\b\d{13}\b", page.locator("main").inner_text())[0]


def _scan(page: Page, code: str) -> None:
    page.keyboard.type(code)
    page.keyboard.press("Enter")


def recipient(camera: Camera) -> None:
    """The tracking page on a phone, by day and by night: of a parcel that has a carrier's own page, if there is one."""
    for dark in (False, True):
        with window(camera.browser, "phone", dark=dark) as context:
            page = context.new_page()
            for link in camera.demo["tracking_links"]:
                page.goto(link)
                if page.get_by_role("link", name="Follow it at").count():
                    break
            camera.take(page, "tracking-dark" if dark else "tracking")


def office(camera: Camera) -> None:
    """The board, and a shipping mail as the recipient sees it."""
    with window(camera.browser, "1280x800") as context:
        page = context.new_page()
        camera.sign_in(page, "admin")
        page.set_viewport_size({"width": 1280, "height": 640})
        page.goto(camera.url("/o/"))
        camera.take(page, "office-board")
        page.set_viewport_size({"width": 1280, "height": 800})
        page.goto(camera.url("/o/messages?kind=shipping_confirmation"))
        page.locator("tbody a.main").first.click()
        page.wait_for_load_state()
        camera.take(page, "office-message")
        mail = page.locator("iframe.mail").get_attribute("src")
        page.set_viewport_size({"width": 640, "height": 900})
        page.goto(camera.url(str(mail)))
        camera.take(page, "mail")


def main() -> None:
    """Take all pictures and say how large they are."""
    demo, folder = json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=list(FLAGS))
        camera = Camera(demo, folder, browser)
        for sitting in (merchant, station, recipient, office):
            sitting(camera)
        browser.close()
    for one in sorted(folder.glob("*.png")):
        print(f"{one.stat().st_size / 1000:6.0f} kB  {one.name}")


if __name__ == "__main__":
    main()
