"""What people do with their hands: a merchant at a desk, and a worker who reads the tablet's screen and scans what it asks for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.browser import sign_in
from tests.stories.house import BADGE, BARCODES

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.stories.house import House


ADDRESS = {
    "Name": "Bo Ek", "Address": "Storgatan 1", "Town": "Ystad", "Postcode": "27141", "Country (two letters)": "SE",
}  # fmt: skip
"""What is typed into an order without an address."""


def read(page: Page) -> str:
    """Return what can be read on a page, in one line with single spaces."""
    return re.sub(r"\s+", " ", page.locator("main").inner_text()).strip()


class Desk:
    """A merchant or a clerk in front of a browser."""

    def __init__(self, page: Page, house: House) -> None:
        self.page, self.house = page, house

    def open(self, path: str) -> str:
        """Open a page and return what it says."""
        answer = self.page.goto(self.house.live.url(path))
        assert answer is not None
        assert answer.status == 200, f"{path}: {answer.status}"
        return read(self.page)

    def press(self, name: str) -> str:
        """Press a button, wait for the page that follows, and return what it says."""
        with self.page.expect_navigation():
            self.page.get_by_role("button", name=name).click()
        return read(self.page)

    def follow(self, name: str) -> str:
        """Follow a link and return what the page says."""
        with self.page.expect_navigation():
            self.page.get_by_role("link", name=name, exact=True).first.click()
        return read(self.page)

    def upload(self, data: bytes, name: str = "orders_export.csv") -> str:
        """Upload a file of orders and return what the preview says."""
        self.open("/m/imports")
        self.page.get_by_label("Shopify orders export (CSV)").set_input_files(
            {"name": name, "mimeType": "text/csv", "buffer": data}
        )
        return self.press("Upload and look at it")

    def mend(self, number: str, cells: dict[str, str]) -> str:
        """Type what an order of the preview lacks, by the labels of its fields, and save it."""
        order = self.page.get_by_role("article").filter(has_text=f"Order {number}")
        for label, value in cells.items():
            order.get_by_label(label, exact=True).fill(value)
        return self.press(f"Save order {number}")


def why(desk: Desk, number: str) -> str:
    """Find an order in the merchant's list and return what its page says."""
    desk.open(f"/m/orders?search=%23{number.strip('#')}")
    return desk.follow(number)


class Hands:
    """A worker at a tablet, with a scanner: a keyboard that types quickly and ends with Enter."""

    def __init__(self, page: Page, house: House, *, script: bool = True) -> None:
        self.page, self.house, self.script = page, house, script

    def scan(self, code: str) -> None:
        """Scan a code, wherever the focus may be; without a script the field that has it from the start."""
        if self.script:
            self.page.keyboard.type(code)
            self.page.keyboard.press("Enter")
            return
        with self.page.expect_navigation():
            self.page.locator("#code").fill(code)
            self.page.locator("#code").press("Enter")

    def sees(self, text: str) -> None:
        """Wait until the screen says this."""
        self.page.locator("main").get_by_text(text).first.wait_for()

    def enrol(self) -> None:
        """Let the lead make this browser a tablet; she stays signed in."""
        sign_in(self.page, self.house.live, self.house.lead.email)
        self.page.goto(self.house.live.url("/s/enrol"))
        self.page.get_by_label("Name of this tablet").fill("Cart tablet 1")
        self.page.get_by_role("button", name="Enrol").click()
        self.sees("This tablet is enrolled")

    def leave(self) -> None:
        """Sign out by the button on the first screen."""
        self.page.goto(self.house.live.url("/s/"))
        self.page.get_by_role("button", name="Sign out").click()
        self.sees("Scan your badge")

    def begin(self) -> None:
        """Sign in by badge."""
        self.page.goto(self.house.live.url("/s/sign-in"))
        self.scan(BADGE)
        self.page.locator("main .next").wait_for()

    def receive(self, code: str, quantity: int, place: str) -> None:
        """Receive eaches into a place by the form."""
        self.page.goto(self.house.live.url("/s/receive"))
        self.scan(BARCODES[code])
        self.page.get_by_label("Quantity").fill(str(quantity))
        self.page.get_by_label("Place", exact=True).fill(place)
        self.page.get_by_role("button", name="Receive", exact=True).click()
        self.sees(f"Received at {place}.")

    def begin_walk(self) -> None:
        """Begin to pick from the first screen."""
        self.page.goto(self.house.live.url("/s/"))
        self.page.locator("main .next").get_by_role("button").click()
        self.sees("Go to")

    def walk(self) -> None:
        """Pick as the screen says, until the walk is over."""
        while self.page.locator("main .times").count():
            which = self.page.locator("header > span").first.inner_text()
            if self.page.locator("main h1.datum").count():
                self.scan(self.page.locator("main h1.datum").inner_text())
                self.sees("Take at")
            code = self._reads(r"^([A-Za-z0-9-]+) · ")
            for left in range(self._times() - 1, -1, -1):
                self.scan(BARCODES[code])
                if left:
                    self.sees(f"× {left}")
            self.page.locator("header > span").first.filter(has_not_text=which).wait_for()

    def tote_of(self, number: str) -> str:
        """Return the tote in which an order waits, as the screen of totes lists it."""
        self.page.goto(self.house.live.url("/s/pack"))
        return self.page.locator(".todo li").filter(has_text=number).locator("b").inner_text()

    def pack(self, number: str) -> str:
        """Pack an order from its tote as the screen says; return the parcel's number."""
        tote = self.tote_of(number)
        self.scan(tote)
        self.sees("into the box")
        while self.page.locator("main .times").count():
            what = self.page.locator("main .pack-what").inner_text()
            code = self._reads(r"^([A-Za-z0-9-]+)(?: · .*)?$")
            for left in range(self._times() - 1, -1, -1):
                self.scan(BARCODES[code])
                if left:
                    self.sees(f"× {left}")
            self.page.locator("main h1").first.filter(has_not_text=what).wait_for()
        return self.page.locator("main .number").inner_text()

    def _times(self) -> int:
        return int(self.page.locator("main .times").inner_text().strip("× "))

    def _reads(self, pattern: str) -> str:
        said = self.page.locator("main .say").all_inner_texts()
        found = [match.group(1) for text in said if (match := re.search(pattern, text.strip()))]
        assert found, f"The screen names no SKU: {said}"
        return found[-1]
