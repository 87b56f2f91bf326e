"""The demo's orders: who ordered what and when, as three hundred orders of ten days; and a file as a shop exports it."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.demo.goods import RECIPIENTS
from portal.domain.orders.commands.accept import NewLine, NewOrder, NewRecipient

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence
    from datetime import datetime

    from portal.demo.opening import Shop, Sku

SERVICES = ("Standard", "Standard", "Standard", "Express", "Economy")
NOTES = ("", "", "", "", "It is a gift: no price on the paper.", "Leave it with the neighbour at 12.")


@dataclass(frozen=True, slots=True)
class Basket:
    """What one recipient put into an order."""

    skus: tuple[tuple[Sku, int], ...]
    recipient: NewRecipient


def basket(shop: Shop, chance: random.Random) -> Basket:
    """Fill a basket: mostly one or two SKUs, a few SKUs far more often than the others."""
    weights = [1 / (rank + 2) for rank in range(len(shop.skus))]
    count = chance.choices((1, 2, 3, 4), (10, 6, 3, 1))[0]
    chosen: dict[str, tuple[Sku, int]] = {}
    for sku in chance.choices(shop.skus, weights, k=count):
        quantity = chance.choices((1, 2, 3, 6), (14, 4, 2, 1))[0]
        chosen[sku.code] = (sku, quantity)
    name, street, city, region, postcode, country, phone = chance.choice(RECIPIENTS)
    mailbox = "".join(letter for letter in name.lower() if letter.isascii() and letter.isalpha())
    recipient = NewRecipient(
        name=name, address1=street, city=city, region=region, postcode=postcode, country=country, phone=phone, email=f"{mailbox}@mail.example"
    )  # fmt: skip
    return Basket(tuple(chosen.values()), recipient)


def order_of(
    shop: Shop, filled: Basket, *, number: str, placed_at: datetime, chance: random.Random
) -> NewOrder:
    """Make the order of a basket, as it would come by API."""
    lines = tuple(
        NewLine(
            sku_id=sku.id,
            sku_code=sku.code,
            name=sku.name,
            quantity=quantity,
            unit_price_minor=sku.price_minor,
        )
        for sku, quantity in filled.skus
    )
    total = sum(line.quantity * (line.unit_price_minor or 0) for line in lines)
    return NewOrder(
        channel="shop", external_id=f"{shop.described.code}-{number}", number=number, placed_at=placed_at, currency=shop.described.currency,
        recipient=filled.recipient, lines=lines, service=chance.choice(SERVICES), note=chance.choice(NOTES), total_minor=total,
    )  # fmt: skip


COLUMNS = (
    "Name", "Email", "Financial Status", "Fulfillment Status", "Currency", "Total", "Shipping Method", "Created at", "Lineitem quantity", "Lineitem name",
    "Lineitem price", "Lineitem sku", "Lineitem requires shipping", "Lineitem fulfillment status", "Shipping Name", "Shipping Address1", "Shipping Address2",
    "Shipping Company", "Shipping City", "Shipping Zip", "Shipping Province", "Shipping Country", "Shipping Phone", "Notes", "Cancelled at", "Id",
)  # fmt: skip


def export(shop: Shop, baskets: Sequence[Basket], *, first: int, placed_at: datetime, faults: bool) -> bytes:
    """Write baskets as a shop's orders export; with `faults`, one has no address, one a blank SKU, and one is refunded."""
    out = io.StringIO(newline="")
    writer: csv.DictWriter[str] = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for index, filled in enumerate(baskets):
        recipient, number = filled.recipient, f"{shop.described.prefix}{first + index}"
        first_cells = {
            "Financial Status": "refunded" if faults and index == 2 else "paid", "Fulfillment Status": "unfulfilled", "Currency": shop.described.currency,
            "Total": f"{sum(sku.price_minor * quantity for sku, quantity in filled.skus) / 100:.2f}", "Shipping Method": "Standard",
            "Id": str(5_500_000_000_000 + first + index),
        }  # fmt: skip
        if not (faults and index == 0):
            first_cells |= {
                "Shipping Name": recipient.name, "Shipping Address1": recipient.address1, "Shipping City": recipient.city,
                "Shipping Zip": f"'{recipient.postcode}" if recipient.postcode.isdigit() else recipient.postcode, "Shipping Province": recipient.region,
                "Shipping Country": recipient.country, "Shipping Phone": f"'{recipient.phone}",
            }  # fmt: skip
        for position, (sku, quantity) in enumerate(filled.skus):
            writer.writerow(
                {
                    "Name": number, "Email": recipient.email, "Created at": placed_at.strftime("%Y-%m-%d %H:%M:%S %z"), "Lineitem quantity": quantity,
                    "Lineitem name": sku.name, "Lineitem price": f"{sku.price_minor / 100:.2f}",
                    "Lineitem sku": "" if faults and index == 1 and position == 0 else sku.code,
                    "Lineitem requires shipping": "true", "Lineitem fulfillment status": "pending",
                }
                | (first_cells if position == 0 else {})
            )  # fmt: skip
    return out.getvalue().encode()
