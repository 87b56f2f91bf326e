"""The station in a real Chromium on a 1280×800 touch screen: the scanner is the keyboard, focus never matters.

Every screen is measured by the numbers of the station: 24 px text, 72 px datum, 64 px targets (96 px at the bottom edge),
contrast 7:1, three buttons at most. Pictures of the screens stay in the test's temporary folder.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests import make, people
from tests.browser import axe, broken_markup, fits, sign_in, window
from tests.warehouse.tablet import BADGE, PIN
from tests.warehouse.test_day import ask, goods

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Page, Route

    from portal.kernel.db import Database
    from tests.browser import Live

BUDGET = """() => {
  const found = [], seen = e => { const r = e.getBoundingClientRect(), s = getComputedStyle(e);
    return r.width > 1 && r.height > 1 && s.visibility !== 'hidden' && !e.closest('.vh') };
  const light = ([r, g, b]) => { const f = c => { c /= 255; return c <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4 };
    return .2126 * f(r) + .7152 * f(g) + .0722 * f(b) };
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgb = text => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = text; canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data] };
  const ground = e => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor);
    if (c[3] > 250) return c } return [255, 255, 255] };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode());) {
    const e = node.parentElement;
    if (!node.data.trim() || !seen(e)) continue;
    const size = parseFloat(getComputedStyle(e).fontSize);
    if (size < 24) found.push(`${size} px: ${node.data.trim().slice(0, 40)}`);
    const a = light(rgb(getComputedStyle(e).color)), b = light(ground(e)), ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 7) found.push(`contrast ${ratio.toFixed(1)}: ${node.data.trim().slice(0, 40)}`);
  }
  for (const e of document.querySelectorAll('a, button, input:not([type=hidden]), select')) {
    if (!seen(e)) continue;
    const r = e.getBoundingClientRect(), least = e.closest('.keys') ? 96 : 64;
    if (r.height < least - .5 || r.width < 64)
      found.push(`target ${Math.round(r.width)}×${Math.round(r.height)}: ${(e.textContent || e.name).trim().slice(0, 40)}`);
  }
  const keys = [...document.querySelectorAll('.keys a, .keys button')].filter(seen);
  if (keys.length > 3) found.push(`${keys.length} buttons at the bottom`);
  if (keys.some(e => e.getBoundingClientRect().bottom > innerHeight + 1)) found.push('the bottom buttons are below the edge');
  return found;
}"""

DATUM = """() => Math.max(0, ...[...document.querySelectorAll('main *')].map(e => parseFloat(getComputedStyle(e).fontSize)))"""


class Station:
    """A page, looked at closely whenever it shows another screen."""

    def __init__(self, page: Page, live: Live, folder: Path) -> None:
        self.page, self.live, self.folder = page, live, folder
        self.problems: list[str] = []
        self.outside: list[str] = []
        page.on("pageerror", lambda error: self.problems.append(f"script: {error}"))
        page.on(
            "request",
            lambda request: (
                self.outside.append(request.url)
                if not request.url.startswith((live.base_url, "data:"))
                else None
            ),
        )

    def scan(self, code: str) -> None:
        """Type as a scanner does: no pause between the keys, Enter at the end."""
        self.page.keyboard.type(code)
        self.page.keyboard.press("Enter")

    def sees(self, text: str) -> None:
        """Wait until the main part of the screen says this."""
        self.page.locator("main").get_by_text(text).first.wait_for()

    def look(self, name: str, *, datum: bool = True, fixed: bool = True) -> None:
        """Take a picture and measure."""
        self.page.screenshot(path=self.folder / f"{name}.png")
        found = [
            *axe(self.page),
            *fits(self.page),
            *broken_markup(self.page.evaluate("fetch(location).then(page => page.text())")),
            *self.page.evaluate(BUDGET),
        ]
        if datum and self.page.evaluate(DATUM) < 72:
            found.append("nothing is huge")
        if not fixed:
            found = [problem for problem in found if "below the edge" not in problem]
        self.problems += [f"{name}: {problem}" for problem in found]


def enrol(station: Station, db: Database, here: make.Site3PL) -> None:
    people.staff(db, "lead", here)
    page = station.page
    page.goto(station.live.url("/s/sign-in"))
    station.look("01-not-enrolled")
    sign_in(page, station.live, "lead@operator.example")
    page.goto(station.live.url("/s/enrol"))
    station.look("02-enrol", datum=False)
    page.get_by_label("Name of this tablet").fill("Cart tablet 1")
    page.get_by_role("button", name="Enrol").click()
    station.sees("This tablet is enrolled")
    station.look("03-set-up", datum=False)
    page.goto(station.live.url("/s/tablets"))
    station.look("04-tablets", datum=False, fixed=False)
    page.goto(station.live.url("/s/commands"))
    station.look("05-commands", datum=False, fixed=False)
    page.goto(station.live.url("/s/"))
    page.get_by_role("button", name="Sign out").click()
    station.sees("Scan your badge")


def test_a_shift_by_scans_alone(db: Database, live: Live, chromium: Browser, tmp_path: Path) -> None:
    here, acme, tea, mug = goods(db)
    worker = people.staff(db, "worker", here, badge=BADGE, pin=PIN)
    make.order(db, acme, {tea: 2, mug: 1}, number="#1001")
    make.order(db, acme, {tea: 12}, number="#1002")
    with window(chromium) as context:
        station = Station(context.new_page(), live, tmp_path)
        page = station.page
        enrol(station, db, here)
        station.look("10-tiles")
        page.goto(live.url(f"/s/sign-in/{worker.id}"))
        station.look("11-pin", datum=False)
        page.goto(live.url("/s/sign-in"))
        station.scan(BADGE)
        station.sees("A new walk begins.")
        station.look("12-home")
        page.goto(live.url("/s/pick"))
        station.look("13-pick-start")
        page.goto(live.url("/s/"))

        station.scan("CMD-DONE")
        station.sees("A-01-1")
        station.look("20-pick-place")
        station.scan("A-02-1")
        page.locator(".wrong-screen").wait_for()
        station.look("21-wrong")
        assert (
            page.locator(".wrong-screen").inner_text()
            == "Wrong place\n\nThat is A-02-1. Go to A-01-1 and scan it."
        )
        page.locator(".wrong-screen").wait_for(state="detached")
        page.get_by_role("link", name="More").focus()
        station.scan("A-01-1")
        station.sees("Take at A-01-1")
        station.look("22-pick-item")
        station.scan("TEA-BC")
        station.scan("TEA-BC")
        station.sees("× 12")
        station.scan("TEA-BC")
        station.sees("× 11")
        station.look("23-pick-all")
        page.get_by_role("button", name="All 12").click()
        station.sees("A-02-1")
        station.scan("CMD-SHORT")
        station.sees("missing? Scan the place again:")
        station.look("24-short")
        station.scan("CMD-DONE")
        station.sees("Go to")
        page.get_by_role("link", name="More").click()
        station.sees("Giving back")
        station.look("25-more")
        page.get_by_role("link", name="Go on picking").click()
        station.scan("A-02-1")
        station.scan("MUG-BC")
        station.sees("2 totes.")
        station.look("26-home-pack")

        station.scan("CMD-DONE")
        station.sees("Scan a tote, for example")
        station.look("30-pack")
        station.scan("T-01")
        station.sees("× 2")
        station.look("31-packing")
        station.scan("A-01-1")
        page.locator(".wrong-screen").wait_for()
        for code in ("TEA-BC", "TEA-BC", "MUG-BC"):
            station.scan(code)
        station.sees("Slip in the box, label on it.")
        station.look("32-label")
        number = page.locator(".number").inner_text()
        page.get_by_role("link", name="Another carrier").click()
        station.sees("Whose label is on it?")
        station.look("33-carrier", datum=False)
        page.get_by_role("link", name="Back").click()
        station.sees("Slip in the box")
        station.scan(number)
        station.sees("Shipped")
        assert page.url == live.url("/s/pack")
        page.goto(live.url("/s/ship"))
        station.look("40-ship")

        page.goto(live.url("/s/receive"))
        station.look("50-receive")
        station.scan("TEA-BC")
        station.sees("Quantity")
        page.get_by_label("Quantity").focus()
        station.scan("A-03-1")
        page.wait_for_url("**place=A-03-1**")
        station.look("51-receive-form")
        station.scan("CMD-DONE")
        station.sees("Received at A-03-1.")
        station.look("52-received")
        page.goto(live.url("/s/look-up"))
        station.scan("A-01-1")
        station.sees("Tea thing")
        station.look("60-look-up")
        station.scan("CMD-SIGN-OUT")
        station.sees("Scan your badge")
    assert station.problems == []
    assert station.outside == []
    assert ask(db, "SELECT state FROM parcels") == [("shipped",)]
    received = """SELECT m.quantity, p.code FROM movements m JOIN places p ON p.id = m.to_place_id
                  WHERE m.because = 'receive' AND m.at > now() - interval '1 hour'"""
    assert ask(db, received) == [(1, "A-03-1")]


def at_work(db: Database, live: Live, page: Page, here: make.Site3PL, folder: Path) -> Station:
    """Enrol by the forms alone, and let a worker in by badge."""
    people.staff(db, "worker", here, badge=BADGE)
    people.staff(db, "lead", here)
    station = Station(page, live, folder)
    sign_in(page, live, "lead@operator.example")
    page.goto(live.url("/s/enrol"))
    page.get_by_label("Name of this tablet").fill("Cart tablet 1")
    page.get_by_role("button", name="Enrol").click()
    station.sees("This tablet is enrolled")
    page.goto(live.url("/s/"))
    page.get_by_role("button", name="Sign out").click()
    station.sees("Scan your badge")
    station.scan(BADGE)
    page.locator("main .next").wait_for()
    return station


def test_a_burst_without_gaps_is_sent_in_order_and_nothing_twice(
    db: Database, live: Live, chromium: Browser, tmp_path: Path
) -> None:
    here, acme, tea, _ = goods(db)
    make.order(db, acme, {tea: 15})
    with window(chromium) as context:
        station = at_work(db, live, context.new_page(), here, tmp_path)
        for code in ("CMD-DONE", "A-01-1", *["TEA-BC"] * 15):
            station.scan(code)
        station.sees("1 tote. Scan a tote to begin.")
        assert station.problems == []
    assert ask(db, "SELECT count(*), sum(quantity) FROM movements WHERE because = 'pick'") == [(15, 15)]
    assert ask(db, "SELECT verdict, count(*) FROM scans WHERE step = 'pick' GROUP BY 1") == [("applied", 16)]


def test_a_lost_answer_is_asked_for_again_with_the_same_id(
    db: Database, live: Live, chromium: Browser, tmp_path: Path
) -> None:
    here, acme, tea, _ = goods(db)
    make.order(db, acme, {tea: 3})
    with window(chromium) as context:
        station = at_work(db, live, context.new_page(), here, tmp_path)
        page = station.page
        station.scan("CMD-DONE")
        station.sees("Go to")
        station.scan("A-01-1")
        station.sees("× 3")
        ids: list[str] = []

        def lose(route: Route) -> None:
            request = route.request
            ids.append((request.post_data_json or {})["id"])
            if len(ids) == 1:
                route.fetch()  # carried out, but the answer never arrives
                route.abort()
            else:
                route.continue_()

        page.route("**/s/scan/pick", lose)
        station.scan("TEA-BC")
        station.scan("TEA-BC")
        page.get_by_text("Offline · 2 waiting").wait_for()
        station.look("70-offline")
        station.sees("× 1")
        page.locator("#state").get_by_text("Online").wait_for()
        assert ids[0] == ids[1]
        assert len(set(ids)) == 2
        assert station.problems == []
    assert ask(db, "SELECT count(*), sum(quantity) FROM movements WHERE because = 'pick'") == [(2, 2)]


PAPER = "<script>print = () => { parent.printed = [...(parent.printed || []), location.pathname] }</script>"
"""Stands for the browser's viewer of PDF, which has no printer here; it says that it was asked to print."""


def test_label_and_slip_are_printed_once_as_soon_as_the_parcel_is_packed(
    db: Database, live: Live, chromium: Browser, tmp_path: Path
) -> None:
    here, acme, tea, _ = goods(db)
    make.order(db, acme, {tea: 1})
    with window(chromium) as context:
        context.add_init_script("Object.defineProperty(navigator, 'webdriver', { get: () => false })")
        context.route("**/documents/*", lambda route: route.fulfill(content_type="text/html", body=PAPER))
        station = at_work(db, live, context.new_page(), here, tmp_path)
        for code in ("CMD-DONE", "A-01-1", "TEA-BC", "T-01", "TEA-BC"):
            station.scan(code)
        station.sees("Slip in the box, label on it.")
        number = station.page.locator(".number").inner_text()
        station.page.wait_for_function("globalThis.printed && printed.length === 2")
        kinds = [
            path.removeprefix(f"/s/parcels/{number}/documents/") for path in station.page.evaluate("printed")
        ]
        assert kinds == ["label_pdf", "slip_4x6"]
        station.page.reload()
        station.sees("Slip in the box, label on it.")
        station.page.wait_for_timeout(1000)
        assert station.page.evaluate("globalThis.printed") is None


def test_a_carriers_label_is_scanned_into_its_field(
    db: Database, live: Live, chromium: Browser, tmp_path: Path
) -> None:
    here, acme, tea, _ = goods(db)
    make.order(db, acme, {tea: 1})
    with window(chromium) as context:
        station = at_work(db, live, context.new_page(), here, tmp_path)
        for code in ("CMD-DONE", "A-01-1", "TEA-BC", "T-01", "TEA-BC"):
            station.scan(code)
        station.sees("Slip in the box, label on it.")
        for focus in ("body", "#tracking_number"):
            station.page.get_by_role("link", name="Another carrier").click()
            station.sees("Whose label is on it?")
            number = station.page.locator("#tracking_number")
            number.fill("")
            if focus != "body":
                station.page.locator(focus).focus()
            else:
                station.page.locator("#task").focus()
            station.scan("1Z999AA10123456784")
            assert (number.input_value(), station.page.locator("#carrier").input_value()) == (
                "1Z999AA10123456784",
                "ups",
            )
            assert station.page.locator(".wrong-screen").count() == 0
            station.page.get_by_role("link", name="Back").click()
            station.sees("Slip in the box, label on it.")
    assert ask(db, "SELECT tracking_number FROM parcels") == [(None,)]


def test_the_scan_field_stays_in_sight_however_long_the_list(
    db: Database, live: Live, chromium: Browser, tmp_path: Path
) -> None:
    here, acme, tea, _ = goods(db)
    for _ in range(6):
        make.order(db, acme, {tea: 1})
    with window(chromium) as context:
        station = at_work(db, live, context.new_page(), here, tmp_path)
        for code in ("CMD-DONE", "A-01-1", *["TEA-BC"] * 6):
            station.scan(code)
        station.sees("6 totes. Scan a tote to begin.")
        station.sees("The walk is done: bring the totes to the bench.")
        station.page.goto(live.url("/s/pack"))
        field, keys = (station.page.locator(part).bounding_box() for part in ("#code", ".keys"))
        assert field is not None
        assert keys is not None
        assert field["y"] + field["height"] <= keys["y"]


@pytest.mark.parametrize("dark", [False, True])
def test_without_script_the_same_screens_work(
    db: Database, live: Live, chromium: Browser, tmp_path: Path, *, dark: bool
) -> None:
    here, acme, tea, _ = goods(db)
    make.order(db, acme, {tea: 1})
    with window(chromium, script=False, dark=dark) as context:
        station = at_work(db, live, context.new_page(), here, tmp_path)
        page = station.page
        page.get_by_role("button", name="Pick").click()
        for code in ("A-01-1", "TEA-BC", "T-01", "TEA-BC"):
            page.get_by_role("textbox").fill(code)
            page.get_by_role("textbox").press("Enter")
        number = page.locator(".number").inner_text()
        page.get_by_role("textbox").fill("nonsense")
        page.get_by_role("textbox").press("Enter")
        page.screenshot(path=tmp_path / "80-wrong-no-script.png")
        station.sees("No such label")
        page.get_by_role("textbox").fill(number)
        page.get_by_role("textbox").press("Enter")
        station.sees("Shipped")
    assert ask(db, "SELECT state FROM parcels") == [("shipped",)]
