"""Order files with the shape of real Shopify exports; people and addresses are made up."""

from __future__ import annotations

import csv
import io
import random
from dataclasses import dataclass, field

from portal.domain.intake.rules.shopify import COLUMNS

COLUMNS_79 = COLUMNS
COLUMNS_75 = COLUMNS[:-4]
COLUMNS_71 = tuple(
    name
    for name in COLUMNS_75
    if name not in ("Duties", "Billing Province Name", "Shipping Province Name", "Payment ID")
)
# A spreadsheet's user kept what they knew and deleted the rest.
COLUMNS_34 = tuple(
    """Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Currency,Subtotal,Shipping,Taxes,Total,Shipping Method,Created at,
Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Lineitem requires shipping,Lineitem fulfillment status,Shipping Name,Shipping Address1,
Shipping Address2,Shipping Company,Shipping City,Shipping Zip,Shipping Province,Shipping Country,Shipping Phone,Notes,Note Attributes,Cancelled at,Vendor,
Source,Phone""".replace("\n", "").split(",")
)
PLACES = (
    ("US", "'90210", "CA", "Beverly Hills"), ("US", "02139-4307", "MA", "Cambridge"), ("GB", "SW1A 1AA", "ENG", "London"), ("CA", "K1A 0B1", "ON", "Ottawa"),
    ("DE", "'10115", "BE", "Berlin"), ("ZA", "'0001", "GP", "Pretoria"), ("HK", "", "", "Kowloon"),
)  # fmt: skip
PEOPLE = ("Ada Lindqvist", "Björn O'Neill", "Chloé Dvořák", "Hiro Nakamura", "Inés Castañeda", "Kofi Okafor")
GOODS = (
    ("TWL-BATH", "Bath towel, white", "24.00"),
    ("TEA-EG", "Earl Grey 250 g", "8.50"),
    ("0042", 'Ruler, 12"', "3.00"),
    ("MONO-1", "Monogrammed towel", "39.00"),
)


@dataclass
class Item:
    """A line of an order."""

    sku: str = "TEA-EG"
    name: str = "Earl Grey 250 g"
    quantity: str = "1"
    price: str = "8.50"
    ships: str = "true"
    status: str = "pending"


@dataclass
class Order:
    """An order; `cells` are what its first row holds beside the lines."""

    number: str
    items: list[Item] = field(default_factory=lambda: [Item()])
    cells: dict[str, str] = field(default_factory=dict)

    @property
    def units(self) -> int:
        """Return the eaches that have to be shipped."""
        return sum(
            int(item.quantity) for item in self.items if item.ships == "true" and item.status != "fulfilled"
        )


def order(n: int, *items: Item, **cells: str) -> Order:
    """Describe the nth order, to Ada in Leeds unless cells say otherwise (underscores stand for spaces)."""
    given = {name.replace("_", " "): value for name, value in cells.items()}
    base = {
        "Financial Status": "paid", "Fulfillment Status": "unfulfilled", "Currency": "GBP", "Total": "13.45", "Shipping Method": "Standard",
        "Shipping Name": "Ada Cole", "Shipping Address1": "12 Park Row", "Shipping City": "Leeds", "Shipping Zip": "LS1 4AP", "Shipping Country": "GB",
        "Shipping Phone": f"'+44 113 496 00{n % 100:02d}", "Id": str(6_000_000_000_000 + n),
    }  # fmt: skip
    return Order(f"#PY{1000 + n}", list(items) or [Item()], base | given)


def orders(count: int, seed: int) -> list[Order]:
    """Describe a day of orders: one to four lines, several countries, notes over two lines, gift cards, parts shipped already."""
    random_ = random.Random(seed)
    made: list[Order] = []
    for n in range(1, count + 1):
        country, postcode, region, town = random_.choice(PLACES)
        goods = random_.sample(GOODS, random_.choice((1, 1, 2, 3, 4)))
        items = [Item(sku, name, str(random_.randint(1, 3)), price) for sku, name, price in goods]
        if random_.random() < 0.15:
            items.append(Item("GIFT", "Gift card", "1", "50.00", ships="false"))
        if len(items) > 1 and random_.random() < 0.1 and items[1].ships == "true":
            items[1].status = "fulfilled"
        made.append(
            order(
                n, *items, Shipping_Name=random_.choice(PEOPLE), Shipping_City=town, Shipping_Zip=postcode, Shipping_Province=region,
                Shipping_Country=country, Notes="Gift for Zoë.\nWrap it." if random_.random() < 0.1 else "",
                Note_Attributes="monogram: ZK\nthread: navy" if random_.random() < 0.1 else "",
            )
        )  # fmt: skip
    return made


def table(made: list[Order], columns: tuple[str, ...] = COLUMNS_79) -> list[list[str]]:
    """Return header and rows: the first row of an order is full, the others hold only what Shopify leaves on them."""
    rows = [list(columns)]
    for one in made:
        for index, item in enumerate(one.items):
            cells = {
                "Name": one.number,
                "Email": f"buyer{one.number.strip('#').lower()}@example.com", "Created at": "2026-11-14 00:10:00 -0500", "Vendor": "Linen & Leaf",
                "Lineitem quantity": item.quantity, "Lineitem name": item.name, "Lineitem price": item.price, "Lineitem sku": item.sku,
                "Lineitem requires shipping": item.ships, "Lineitem taxable": "true", "Lineitem fulfillment status": item.status,
            }  # fmt: skip
            if index == 0:
                cells |= one.cells
            rows.append([cells.get(name, "") for name in columns])
    return rows


def write(
    rows: list[list[str]], *, delimiter: str = ",", newline: str = "\n", encoding: str = "utf-8"
) -> bytes:
    """Return the rows as a file."""
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    return out.getvalue().replace("\r\n", newline).encode(encoding)


def a_file(*made: Order, columns: tuple[str, ...] = COLUMNS_79) -> bytes:
    """Return the orders as Shopify writes them."""
    return write(table(list(made), columns))
