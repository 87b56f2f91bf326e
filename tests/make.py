"""Builders with one line of intent, made of the product's own commands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING
from uuid import UUID

from portal.domain.accounts.models import Merchant, Site
from portal.domain.catalog.commands import NewSku, add_sku
from portal.domain.orders.commands.accept import NewLine, NewOrder, NewRecipient, accept_orders
from portal.domain.orders.commands.allocation import allocate
from portal.domain.stock.commands import add_places, open_site, receive_stock
from portal.domain.stock.queries import find_place
from portal.kernel.scopes import AsFloor, AsMerchant, AsOffice

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from portal.kernel.db import Database

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Site3PL:
    """A site with its bins and its merchants."""

    id: UUID
    bins: tuple[UUID, ...]


def site(db: Database, *, code: str = "NS", bins: int = 6, totes: int = 6) -> Site3PL:
    """Open a site with a dock, bins A-01-1… along the walk, and totes T-01 and so on."""
    with db.transaction(AsOffice()) as session:
        row = Site(
            code=code,
            name=f"{code} warehouse",
            timezone="Europe/London",
            address_lines=["1 Dock Road", "Leeds LS9 0AA", "GB"],
        )
        session.add(row)
        session.flush()
        open_site(session, site_id=row.id)
        places = [(f"A-{n:02d}-1", "storage", n) for n in range(1, bins + 1)] + [
            (f"T-{n:02d}", "tote", 0) for n in range(1, totes + 1)
        ]
        add_places(session, site_id=row.id, places=places)
        ids = tuple(_place(session, row.id, f"A-{n:02d}-1") for n in range(1, bins + 1))
        return Site3PL(row.id, ids)


def _place(session: Session, site_id: UUID, code: str) -> UUID:
    place = find_place(session, site_id, code)
    assert place is not None
    return place.id


def merchant(db: Database, at_site: Site3PL, *, code: str = "ACME") -> UUID:
    """Take a merchant on at a site."""
    with db.transaction(AsOffice()) as session:
        row = Merchant(
            code=code, name=f"{code.title()} Goods", site_id=at_site.id, support_email=f"help@{code.lower()}.example",
            shop_url=f"https://{code.lower()}.example", return_policy="Return it within 30 days.", postal_identity=f"{code.title()} Goods, 1 High Street",
        )  # fmt: skip
        session.add(row)
        session.flush()
        return row.id


def sku(db: Database, merchant_id: UUID, code: str = "TEA", *, barcode: str = "") -> UUID:
    """Add a SKU with a barcode (its code with a dash and BC after it, unless given)."""
    with db.transaction(AsMerchant(merchant_id)) as session:
        return add_sku(
            session,
            merchant_id=merchant_id,
            sku=NewSku(code=code, name=f"{code.title()} thing", barcode=barcode or f"{code}-BC"),
        )


def stock(
    db: Database, at_site: Site3PL, merchant_id: UUID, sku_id: UUID, quantity: int, *, bin_number: int = 0
) -> None:
    """Receive eaches of a SKU straight into a bin."""
    with db.transaction(AsFloor(at_site.id)) as session:
        receive_stock(
            session,
            merchant_id=merchant_id,
            site_id=at_site.id,
            sku_id=sku_id,
            place_id=at_site.bins[bin_number],
            quantity=quantity,
            by=None,
            at=NOW,
        )


def new_order(
    lines: dict[UUID, int], *, number: str = "", codes: dict[UUID, str] | None = None, email: str = ""
) -> NewOrder:
    """Describe an order of so many eaches of each SKU, to Ada in Leeds."""
    number = number or f"#{next(_numbers)}"
    return NewOrder(
        channel="test", external_id=number, number=number, placed_at=NOW, currency="GBP", service="Standard", total_minor=1000,
        recipient=NewRecipient(name="Ada Cole", address1="12 Park Row", city="Leeds", postcode="LS1 4AP", country="GB", email=email),
        lines=tuple(
            NewLine(sku_id=sku_id, sku_code=(codes or {}).get(sku_id, "TEA"), name="Tea thing", quantity=quantity, unit_price_minor=500)
            for sku_id, quantity in lines.items()
        ),
    )  # fmt: skip


def order(
    db: Database,
    merchant_id: UUID,
    lines: dict[UUID, int],
    *,
    number: str = "",
    email: str = "",
    allocated: bool = True,
    codes: dict[UUID, str] | None = None,
) -> UUID:
    """Accept an order and give it its stock."""
    with db.transaction(AsMerchant(merchant_id)) as session:
        [order_id] = accept_orders(
            session,
            merchant_id=merchant_id,
            orders=[new_order(lines, number=number, email=email, codes=codes)],
            source="by a test",
            by=None,
            at=NOW,
        )
        if allocated:
            allocate(session, merchant_id=merchant_id, order_ids=[order_id], by=None, at=NOW)
        return order_id
