"""The day of one order, from a merchant's file to the recipient's phone, and everything that goes beside it."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

import pypdfium2
import pytest
import zxingcpp

from tests.browser import fits, sign_in, window
from tests.stories.hands import ADDRESS, Desk, Hands, read, why
from tests.stories.house import BARCODES, House, house
from tests.stories.order_file import BUYER, NAME, POSTCODE, STREET, file_of_the_day
from tests.stories.recipient import open_letter, phone, secrets_of_an_address

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

__all__ = ["house"]

pytestmark = [pytest.mark.browser, pytest.mark.slow]
UPS_NUMBER = "1Z999AA10123456784"


def test_one_order_from_file_to_phone(house: House, chromium: Browser) -> None:
    file = file_of_the_day()
    with window(chromium, "desktop") as office_hours, window(chromium, "tablet") as floor:
        desk = Desk(office_hours.new_page(), house)
        sign_in(desk.page, house.live, house.owner.email)
        import_the_file(desk, house, file)
        import_it_again(desk, house, file)
        said = why(desk, "#PY1002")
        assert "Why has this not shipped? It waits for stock: 3 × TWL-BATH (0 available)." in said
        assert "Who acts You Next Send stock; it is allocated by itself when it is received." in said

        hands = Hands(floor.new_page(), house)
        hands.enrol()
        hands.receive("TWL-BATH", 3, "A-03-1")
        house.wait_for(
            "the towels are given to the order that waits for them",
            lambda: house.ask("SELECT progress FROM orders WHERE number = '#PY1002'") == [("ready",)],
        )
        hands.leave()
        number = the_floor_ships(hands, house)

        tracking, details = the_recipient_reads(house, chromium)
        said = why(desk, "#PY1001")
        assert "Where it stands It has shipped." in said
        assert number in said
        links_are_ended(desk, chromium, tracking, details)
    with window(chromium, "desktop") as elsewhere:
        the_office_reads(elsewhere.new_page(), house)
    house.nothing_doubled_or_lost()
    assert len(house.mails_to(BUYER)) == 2
    assert len(house.mail.mails) == 7, "six confirmations and one shipping confirmation"


def import_the_file(desk: Desk, house: House, file: bytes) -> None:
    """Upload, read the preview, mend two orders, decide about unknown SKUs twice; then six orders stand."""
    preview = desk.upload(file)
    for words in (
        "Shopify orders export · UTF-8 · separated by commas · 11 rows, 9 orders",
        "4 will become orders 8 units",
        "2 need attention Can be mended here",
        "3 not to ship Says the shop",
        "0 same as before",
        "2 SKUs are not in your catalogue.",
    ):
        assert words in preview, preview
    assert house.ask("SELECT count(*)::int FROM orders") == [(0,)], "a preview makes no order"

    said = desk.mend("#PY1008", ADDRESS)
    assert "Order #PY1008 is mended. It will be made when you import." in said
    said = desk.mend("#PY1009", {"SKU of 1 × Earl Grey 250 g": "TEA-EG"})
    assert "6 will become orders 10 units" in said
    assert "0 need attention" in said

    desk.page.get_by_role("radio", name="Take what they look like").check()
    said = desk.press("Make 5 orders with 9 units")
    assert "Imported 5 orders with 9 units. 1 order waits for its unknown SKU." in said
    desk.page.get_by_role("radio", name="Create a draft").check()
    said = desk.press("Make 1 order with 1 unit and add 1 draft SKU")
    assert "6 became orders" in said
    assert house.ask("SELECT number, progress FROM orders ORDER BY number") == [
        ("#PY1001", "ready"), ("#PY1002", "waiting_for_stock"), ("#PY1003", "ready"),
        ("#PY1004", "waiting_for_stock"), ("#PY1008", "ready"), ("#PY1009", "ready"),
    ]  # fmt: skip
    assert house.ask("SELECT code FROM skus WHERE state = 'draft'") == [("0042",)]


def import_it_again(desk: Desk, house: House, file: bytes) -> None:
    """Upload the very same file: nothing becomes of it."""
    before = house.ask("SELECT id, number, progress, state FROM orders ORDER BY id")
    again = desk.upload(file)
    for words in (
        "You have imported this very file before",
        "Nothing in it is new, so importing it again changes nothing.",
        "6 same as before Imported earlier",
        "3 not to ship",
        "Nothing to import",
    ):
        assert words in again, again
    assert desk.page.get_by_role("button", name=re.compile("^Make ")).count() == 0
    assert house.ask("SELECT id, number, progress, state FROM orders ORDER BY id") == before


def the_floor_ships(hands: Hands, house: House) -> str:
    """Pick five orders in one walk, pack Adalbert's, look at its papers and scan its label; return the parcel's number."""
    hands.begin()
    hands.begin_walk()
    one_wrong_scan(hands, house, "A-02-1", "Wrong place")
    hands.scan("A-01-1")
    hands.sees("Take at A-01-1")
    one_wrong_scan(hands, house, BARCODES["MUG-BL"], "Wrong item")
    hands.walk()
    assert house.ask("SELECT progress, count(*)::int FROM orders GROUP BY 1 ORDER BY 1") == [
        ("picked", 5), ("waiting_for_stock", 1),
    ]  # fmt: skip

    number = hands.pack("#PY1001")
    label, slip = paper(hands.page, number, "label_pdf"), paper(hands.page, number, "slip_4x6")
    assert barcodes_on(label) == [number]
    for words in (NAME, STREET, f"Leeds {POSTCODE}"):
        assert words in text_of(label)
    for words in ("Acme Goods", "#PY1001", "Stoneware mug, blue"):
        assert words in text_of(slip)
    assert "Gift card" not in text_of(slip)
    ups_takes_it(hands, number)
    assert house.ask("SELECT count(*)::int FROM messages WHERE kind = 'shipping_confirmation'") == [(0,)]
    hands.scan(UPS_NUMBER)
    hands.sees("Shipped")
    assert house.ask("SELECT number, tracking_number, state FROM parcels") == [
        (number, UPS_NUMBER, "shipped")
    ]
    return number


def one_wrong_scan(hands: Hands, house: House, code: str, headline: str) -> None:
    """Scan what is not asked for: red, and nothing has changed."""
    moved = house.ask("SELECT count(*)::int, sum(quantity)::int FROM movements")
    hands.scan(code)
    screen = hands.page.locator(".wrong-screen")
    screen.wait_for()
    assert headline in screen.inner_text()
    box = screen.bounding_box()
    assert box is not None
    assert (box["width"], box["height"]) == (1280, 800), "the whole screen is red"
    colour = screen.evaluate("e => getComputedStyle(e).backgroundColor")
    red, green, blue = (int(part) for part in re.findall(r"\d+", colour)[:3])
    assert red > 120 > 3 * max(green, blue) - 60, colour
    assert house.ask("SELECT count(*)::int, sum(quantity)::int FROM movements") == moved


def paper(page: Page, number: str, kind: str) -> pypdfium2.PdfDocument:
    """Fetch a paper of a parcel as the station shows it."""
    answer = page.request.get(re.sub(r"/s/.*", f"/s/parcels/{number}/documents/{kind}", page.url))
    assert answer.status == 200
    return pypdfium2.PdfDocument(io.BytesIO(answer.body()))


def barcodes_on(document: pypdfium2.PdfDocument) -> list[str]:
    """Read the barcodes off a paper's first page as a 203 dpi printer draws it."""
    scale: Any = 203 / 72
    return [code.text for code in zxingcpp.read_barcodes(document[0].render(scale=scale).to_pil())]


def text_of(document: pypdfium2.PdfDocument) -> str:
    """Return what a paper says."""
    return " ".join(document[0].get_textpage().get_text_range().split())


def ups_takes_it(hands: Hands, number: str) -> None:
    """Type in that the box carries a label of UPS."""
    hands.page.get_by_role("link", name="Another carrier").click()
    hands.sees("Whose label is on it?")
    hands.page.get_by_label("Carrier", exact=True).select_option("ups")
    hands.page.get_by_label("Number on the label").fill(UPS_NUMBER)
    hands.page.get_by_role("button", name="Keep").click()
    hands.sees(UPS_NUMBER)
    assert hands.page.locator(".number").inner_text() == number


def the_recipient_reads(house: House, chromium: Browser) -> tuple[str, str]:
    """Read both mails, follow their links on a phone; return the tracking link and one with address and prices."""
    house.wait_for("both mails arrived", lambda: len(house.mails_to(BUYER)) >= 2)
    house.comes_to_rest()
    first, second = (open_letter(mail) for mail in house.mails_to(BUYER))
    assert re.fullmatch(r"Acme Goods: order #PY1001 received, expected .*\d.*", first.subject)
    assert "Print your order details and keep them" in first.text
    assert re.fullmatch(r"Acme Goods: order #PY1001 arriving .*\d.*", second.subject)
    assert second.heading.startswith("Arriving ")
    for words in ("UPS", "help@acme.example", "https://acme.example", "Return it within 30 days.", "Thank"):
        assert words in second.text, words
    tracking, details = second.link(r"/t/\w{27}"), second.link(r"/t/details/\w{27}")
    assert tracking == first.link(r"/t/\w{27}"), "one tracking page for all mails of an order"
    assert details != first.link(r"/t/details/\w{27}"), "each mail has its own link to address and prices"

    with phone(chromium) as pocket:
        page = pocket.new_page()
        page.goto(tracking)
        said = read(page)
        assert page.locator("h1").inner_text().startswith("Arriving ")
        assert said.index("Arriving ") < said.index("Progress") < said.index("Stoneware mug, blue")
        link = page.get_by_role("link", name="Follow it at UPS")
        assert link.get_attribute("href") == f"https://www.ups.com/track?tracknum={UPS_NUMBER}"
        assert "2 Earl Grey 250 g 1 Stoneware mug, blue" in said
        for secret in secrets_of_an_address(NAME, STREET, POSTCODE, BUYER, "79.00", "12.00"):
            assert secret not in page.content(), secret
        assert fits(page) == []
        assert pocket.cookies() == []
        page.goto(details)
        said = read(page)
        for words in (NAME, STREET, POSTCODE, "Stoneware mug, blue", "£12.00", "£79.00"):
            assert words in said, words
        assert fits(page) == []
    return tracking, details


def links_are_ended(desk: Desk, chromium: Browser, tracking: str, details: str) -> None:
    """The merchant ends the links to address and prices; the tracking page stays."""
    why(desk, "#PY1001")
    said = desk.press("End the links to address and prices")
    assert "The links to address and prices no longer work." in said
    with phone(chromium) as pocket:
        page = pocket.new_page()
        for link, status in ((tracking, 200), (details, 404)):
            answer = page.goto(link)
            assert answer is not None
            assert answer.status == status
        assert NAME not in page.content()


def the_office_reads(page: Page, house: House) -> None:
    """A clerk finds the mail in the log, reads it as it was written, and asks why another order waits."""
    clerk = Desk(page, house)
    sign_in(page, house.live, house.clerk.email)
    assert "2 messages" in clerk.open(f"/o/messages?search={BUYER}")
    with page.expect_navigation():
        page.get_by_role("link", name=re.compile("arriving")).click()
    inside = page.frame_locator("iframe.mail")
    inside.get_by_role("heading", level=1).wait_for()
    assert inside.get_by_role("heading", level=1).inner_text().startswith("Arriving ")
    assert "Adalbert" in inside.locator("body").inner_text()
    clerk.open("/o/orders?search=%23PY1004")
    said = clerk.follow("#PY1004")
    assert "Why has this not shipped? It waits for stock: 1 × 0042 (0 available)." in said
    assert "Who acts The merchant" in said
