"""The file of the day: nine orders as a Shopify shop exports them, of which four can become orders as they are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.intake.samples import Item, Order, a_file, order

BUYER = "buyerpy1001@example.com"
"""Who placed order #PY1001."""
NAME, STREET, POSTCODE = "Adalbert Coleridge", "12 Park Row", "LS1 4AP"


def orders_of_the_day() -> list[Order]:
    """Describe them: who cannot be read here is told by the comments."""
    nowhere = {f"Shipping_{name}": "" for name in ("Name", "Address1", "City", "Zip", "Country")}
    return [
        # For the story's recipient: two goods and a gift card that nobody packs.
        order(1, Item("TEA-EG", quantity="2"), Item("MUG-BL", "Stoneware mug, blue", price="12.00"),
              Item("GIFT", "Gift card", price="50.00", ships="false"), Shipping_Name=NAME, Total="79.00"),
        # Waits for towels.
        order(2, Item("TWL-BATH", "Bath towel, white", "3", "24.00"), Total="72.00"),
        # A SKU in other letters, and one that nobody knows.
        order(3, Item("tea-eg")),
        order(4, Item("0042", 'Ruler, 12"', price="3.00")),
        # Not to ship, says the shop.
        order(5, Cancelled_at="2026-11-14 09:00:00 -0500"),
        order(6, Financial_Status="refunded"),
        order(7, Item(status="fulfilled"), Fulfillment_Status="fulfilled"),
        # To be mended in the page.
        order(8, **nowhere),
        order(9, Item("", "Earl Grey 250 g")),
    ]  # fmt: skip


def file_of_the_day() -> bytes:
    """Return the file, of orders that were placed this morning."""
    placed = (datetime.now(UTC) - timedelta(hours=3)).strftime("%Y-%m-%d %H:%M:%S +0000")
    return a_file(*orders_of_the_day()).replace(b"2026-11-14 00:10:00 -0500", placed.encode())
