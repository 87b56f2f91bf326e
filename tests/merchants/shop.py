"""A merchant's day for the screens: goods, orders in every state, a file as a shop exports it, and the people who look."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from portal.domain.catalog.commands import NewSku, add_draft_skus, add_sku
from portal.domain.devices.rules import ScanIn
from portal.domain.messages.reactions import confirm_order, confirm_shipping
from portal.domain.orders.commands.accept import NewRecipient, accept_orders
from portal.domain.orders.commands.allocation import allocate
from portal.domain.orders.commands.holds import place_hold
from portal.domain.orders.events import OrderAccepted
from portal.domain.picking.commands import scan_pick, start_batch
from portal.domain.picking.queries import find_open_batch, next_pick
from portal.domain.shipping.commands.packing import open_parcel, scan_pack
from portal.domain.shipping.commands.sending import scan_label, use_carrier
from portal.domain.shipping.events import ParcelShipped
from portal.domain.shipping.queries import parcels_of_order
from portal.kernel import clock
from portal.kernel.files import Files
from portal.kernel.ids import new_id
from portal.kernel.scopes import AsFloor, AsMerchant, AsSystem
from tests import make, people

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from pathlib import Path

    from portal.config import Config
    from portal.kernel.db import Database

COLUMNS = (
    "Name", "Email", "Financial Status", "Fulfillment Status", "Currency", "Total", "Shipping Method", "Created at", "Lineitem quantity", "Lineitem name",
    "Lineitem price", "Lineitem sku", "Lineitem requires shipping", "Shipping Name", "Shipping Address1", "Shipping City", "Shipping Zip", "Shipping Province",
    "Shipping Country", "Cancelled at", "Id",
)  # fmt: skip
PEOPLE = (
    ("Ada Lindqvist", "12 Park Row", "Leeds", "LS1 4AP", "", "GB"), ("Marcus Obi", "8 Rue des Lilas", "Lyon", "69003", "", "FR"),
    ("Grace Whitfield-Armstrong", "2201 Sunset Boulevard, Apt 14", "Los Angeles", "90026", "CA", "US"),
    ("Jürgen Weiß", "Hauptstraße 5", "Köln", "50667", "", "DE"),
)  # fmt: skip
GOODS = (
    ("TEA-EARL-250", "Earl Grey, loose leaf, 250 g"), ("TEA-SENCHA-100", "Sencha, first flush, 100 g"), ("MUG-STONE-BLUE", "Stoneware mug, blue, 350 ml"),
    ("POT-GLASS-1L", "Glass teapot with a strainer, 1 l"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shop:
    """A merchant with people, goods and orders; `orders` are ids by what the order is an example of."""

    db: Database
    site: make.Site3PL
    id: UUID
    rival: UUID
    owner: people.Person
    member: people.Person
    viewer: people.Person
    skus: Mapping[str, UUID]
    orders: dict[str, UUID]


def shop(db: Database) -> Shop:
    """Take Juniper Tea and a rival on, each with an owner; Juniper has four SKUs of which one has no stock."""
    here = make.site(db, bins=8)
    juniper, rival = make.merchant(db, here, code="JUNIPER"), make.merchant(db, here, code="RIVAL")
    with db.transaction(AsMerchant(juniper)) as session:
        skus = {
            code: add_sku(
                session,
                merchant_id=juniper,
                sku=NewSku(code=code, name=name, barcode=f"50123450000{n:02d}", weight_g=250),
            )
            for n, (code, name) in enumerate(GOODS)
        }
    for n, code in enumerate(list(skus)[:3]):
        make.stock(db, here, juniper, skus[code], 40 - 10 * n, bin_number=n)
    owner, member, viewer = (
        people.member(db, juniper, role, email=f"{role}@juniper.example")
        for role in ("owner", "member", "viewer")
    )
    return Shop(db, here, juniper, rival, owner, member, viewer, skus, {})


def take(
    shop: Shop,
    name: str,
    lines: Mapping[str, int],
    *,
    at: datetime | None = None,
    email: str = "ada@mail.example",
    person: int = 0,
    number: str = "",
) -> UUID:
    """Accept an order of so many eaches by SKU code, and give it its stock; `name` is under which the shop remembers it."""
    at = at or clock.now()
    who = PEOPLE[person % len(PEOPLE)]
    order = make.new_order(
        {shop.skus[code]: quantity for code, quantity in lines.items()},
        number=number or f"#JT{1001 + len(shop.orders)}",
    )
    names = dict(GOODS)
    order = replace(
        order, placed_at=at, channel="shopify",
        recipient=NewRecipient(name=who[0], address1=who[1], city=who[2], postcode=who[3], region=who[4], country=who[5], email=email),
        lines=tuple(replace(line, sku_code=code, name=names[code]) for line, code in zip(order.lines, lines, strict=True)),
    )  # fmt: skip
    with shop.db.transaction(AsMerchant(shop.id)) as session:
        [order_id] = accept_orders(
            session,
            merchant_id=shop.id,
            orders=[order],
            source="in the file orders.csv",
            by=shop.owner.id,
            at=at,
        )
        allocate(session, merchant_id=shop.id, order_ids=[order_id], by=None, at=at)
    shop.orders[name] = order_id
    return order_id


def confirm_by_mail(shop: Shop, config: Config, name: str) -> None:
    """Write the order confirmation, as the worker does when an order is accepted."""
    with shop.db.transaction(AsSystem(shop.id, "a test")) as session:
        confirm_order(session, OrderAccepted(merchant_id=shop.id, order_id=shop.orders[name]), config)


def ship(shop: Shop, config: Config, name: str, *, carrier: str = "", number: str = "") -> None:
    """Let a worker pick, pack and ship the one order that is ready, and write the shipping confirmation."""
    worker = people.staff(shop.db, "worker", shop.site, email=f"worker-{name}@operator.example")
    files = Files(config.var / "documents")
    order_id = shop.orders[name]

    def scan(code: str) -> ScanIn:
        return ScanIn(
            id=new_id(), site_id=shop.site.id, device_id=None, user_id=worker.id, code=code, at=clock.now()
        )

    with shop.db.transaction(AsFloor(shop.site.id, worker.id)) as session:
        start_batch(session, site_id=shop.site.id, user_id=worker.id, at=clock.now(), most_orders=1)
        batch = find_open_batch(session, shop.site.id, worker.id)
        assert batch is not None
        barcodes = {code: f"50123450000{n:02d}" for n, (code, _) in enumerate(GOODS)}
        picked: list[str] = []
        while (pick := next_pick(session, shop.site.id, batch.id)) is not None:
            scan_pick(session, scan(pick.place_code))
            for _ in range(pick.left):
                answer = scan_pick(session, scan(barcodes[pick.sku_code]))
                assert answer.verdict == "applied", answer
                picked.append(pick.sku_code)
        parcel_id = open_parcel(session, merchant_id=shop.id, order_id=order_id, by=worker.id, at=clock.now())
        for code in picked:
            answer = scan_pack(
                session, scan(barcodes[code]), merchant_id=shop.id, parcel_id=parcel_id, files=files
            )
            assert answer.verdict == "applied", answer
        if carrier:
            use_carrier(
                session,
                merchant_id=shop.id,
                parcel_id=parcel_id,
                carrier=carrier,
                tracking_number=number,
                service="Express",
                by=worker.id,
                at=clock.now(),
            )
        [parcel] = parcels_of_order(session, shop.id, order_id)
        answer = scan_label(session, scan(parcel.number))
        assert answer.verdict == "applied", answer
    with shop.db.transaction(AsSystem(shop.id, "a test")) as session:
        confirm_shipping(
            session, ParcelShipped(merchant_id=shop.id, order_id=order_id, parcel_id=parcel_id), config
        )


def hold(shop: Shop, name: str, reason: str) -> UUID:
    """Let the merchant put an order on hold."""
    with shop.db.transaction(AsMerchant(shop.id, shop.owner.id)) as session:
        return place_hold(
            session, merchant_id=shop.id, order_id=shop.orders[name], kind="merchant", reason=reason, owner="merchant",
            next_step="Release the hold when it can go.", by=shop.owner.id, at=clock.now(),
        )  # fmt: skip


def busy(db: Database, config: Config) -> Shop:
    """Open a shop on a working day: shipped, on hold, late, without stock, ready, and a draft SKU."""
    here = shop(db)
    ago = clock.now() - timedelta(days=6)
    take(here, "shipped", {"TEA-EARL-250": 2, "MUG-STONE-BLUE": 1}, at=ago)
    confirm_by_mail(here, config, "shipped")
    ship(here, config, "shipped", carrier="ups", number="1Z999AA10123456784")
    take(here, "late", {"TEA-SENCHA-100": 1}, at=ago, person=1)
    take(here, "held", {"MUG-STONE-BLUE": 2, "TEA-EARL-250": 1}, person=2)
    hold(here, "held", "The recipient asked for another colour.")
    take(here, "waiting", {"POT-GLASS-1L": 3, "TEA-EARL-250": 1}, person=3)
    for n in range(6):
        take(here, f"ready {n}", {"TEA-EARL-250": 1 + n % 2, "TEA-SENCHA-100": 1}, person=n)
    confirm_by_mail(here, config, "ready 0")
    with db.transaction(AsMerchant(here.id)) as session:
        add_draft_skus(
            session, merchant_id=here.id, names_by_code={"TEA-ROOIBOS-100": "Rooibos with orange peel, 100 g"}
        )
    return here


def row(number: str, **cells: str) -> dict[str, str]:
    """One row of an export: an order of one Earl Grey to Ada, unless said otherwise."""
    name, street, city, postcode, region, country = PEOPLE[0]
    plain = {
        "Name": number, "Email": "ada@mail.example", "Financial Status": "paid", "Fulfillment Status": "unfulfilled", "Currency": "USD", "Total": "13.45",
        "Shipping Method": "Express", "Created at": "2026-11-14 00:10:00 -0500", "Lineitem quantity": "1", "Lineitem name": "Earl Grey 250 g",
        "Lineitem price": "8.50", "Lineitem sku": "TEA-EARL-250", "Lineitem requires shipping": "true", "Shipping Name": name, "Shipping Address1": street,
        "Shipping City": city, "Shipping Zip": postcode, "Shipping Province": region, "Shipping Country": country, "Cancelled at": "",
        "Id": f"9000{number.strip('#')}",
    }  # fmt: skip
    return plain | {name.replace("_", " "): value for name, value in cells.items()}


def no_address(number: str) -> dict[str, str]:
    """A row of an order that nobody could deliver."""
    return row(number, **{f"Shipping {name}": "" for name in ("Name", "Address1", "City", "Zip", "Country")})


def export(rows: Iterable[Mapping[str, str]], columns: tuple[str, ...] = COLUMNS) -> bytes:
    """Write rows as the shop does."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def mixed_file() -> bytes:
    """Six orders: two to ship (one with an unknown SKU), one cancelled, one refunded, one without an address, one with a blank SKU."""
    return export([
        row("#1", Lineitem_quantity="2"),
        row("#2", Lineitem_sku="TEA-WHITE-50", Lineitem_name="White tea 50 g"),
        row("#3", Cancelled_at="2026-11-15 09:00:00 -0500"),
        row("#4", Financial_Status="refunded"),
        no_address("#5"),
        row("#6", Lineitem_sku=""),
    ])  # fmt: skip


def write(folder: Path, data: bytes, name: str = "orders_export.csv") -> Path:
    """Put a file where a browser can choose it."""
    path = folder / name
    path.write_bytes(data)
    return path
