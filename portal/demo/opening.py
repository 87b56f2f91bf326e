"""Opening the demo's 3PL: a site with its places, the people, the merchants with their goods, and the first deliveries."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import time, timedelta
from typing import TYPE_CHECKING

from portal.demo.goods import MERCHANTS, ean13
from portal.demo.people import PASSWORD, PEOPLE
from portal.domain.accounts.commands.people import (
    NewMerchant,
    add_merchant,
    add_site,
    invite_member,
    invite_staff,
    put_password,
    set_badge,
    set_pin,
)
from portal.domain.accounts.commands.tokens import create_api_token
from portal.domain.accounts.passwords import hash_secret
from portal.domain.catalog.commands import NewSku, add_barcode, add_sku
from portal.domain.stock.commands import add_places, open_site, receive_stock
from portal.domain.stock.queries import list_places
from portal.kernel.scopes import AsFloor, AsMerchant, AsOffice

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

    from portal.demo.goods import DemoMerchant
    from portal.domain.stock.queries import PlaceRow
    from portal.kernel.db import Database

AISLES, BAYS, LEVELS, TOTES = "ABCDEFGH", 10, 5, 36
EMPTY = frozenset({"KETTLE-GN", "DUVET-Q", "TENT-2", "FRAME-A3-OAK"})
"""SKUs that have sold out: some orders wait for them."""


@dataclass(slots=True)
class Sku:
    """A SKU of the demo, as orders and files need it."""

    id: UUID
    code: str
    name: str
    price_minor: int


@dataclass(slots=True)
class Shop:
    """A merchant of the demo once it is taken on."""

    described: DemoMerchant
    id: UUID
    owner_id: UUID
    token: str
    skus: list[Sku] = field(default_factory=list[Sku])


@dataclass(slots=True)
class Opened:
    """What the days of the demo work with."""

    site_id: UUID
    worker_ids: list[UUID]
    office_id: UUID
    shops: list[Shop]


def open_operator(database: Database, at: datetime, chance: random.Random) -> Opened:
    """Open site, people, merchants and stock, as they were at an instant some days ago."""
    with database.transaction(AsOffice()) as session:
        site_id = _open_site(session)
        users = _take_on_staff(session, site_id, at)
        by_role = {
            role: [user for (kind, user) in users if kind == role] for role in ("admin", "lead", "worker")
        }
        admin = by_role["admin"][0]
        merchants = [
            (described, _add_merchant(session, site_id, described, admin, at)) for described in MERCHANTS
        ]
        members = {
            described.code: _invite(session, merchant_id, described.code, at)
            for described, merchant_id in merchants
        }
        bins = list_places(session, site_id, ["storage"])
    chance.shuffle(bins)
    shops = [
        _open_shop(database, described, merchant_id, members[described.code], at)
        for described, merchant_id in merchants
    ]
    for shop in shops:
        _deliver(database, site_id, shop, bins, by_role["lead"][0], at, chance)
    return Opened(site_id, by_role["worker"], admin, shops)


def _open_site(session: Session) -> UUID:
    address = ["Northside Fulfilment", "Unit 7, Canal Road", "Leeds LS12 2TU", "GB"]
    site_id = add_site(
        session,
        code="NORTH",
        name="Northside",
        timezone="Europe/London",
        address_lines=address,
        cut_off=time(15, 0),
    )
    open_site(session, site_id=site_id)
    places: list[tuple[str, str, int]] = []
    order = 0
    for number, aisle in enumerate(AISLES):
        # Up one aisle and down the next, as a cart walks.
        bays = range(1, BAYS + 1) if number % 2 == 0 else range(BAYS, 0, -1)
        for bay in bays:
            for level in range(1, LEVELS + 1):
                order += 1
                places.append((f"{aisle}-{bay:02d}-{level}", "storage", order))
    places += [(f"T-{number:02d}", "tote", 0) for number in range(1, TOTES + 1)]
    places += [
        ("DOCK-2", "dock", 0),
        ("PACK-1", "pack", 0),
        ("PACK-2", "pack", 0),
        ("RETURNS", "returns", 0),
        ("QUARANTINE", "quarantine", 0),
    ]
    add_places(session, site_id=site_id, places=places)
    return site_id


def _take_on_staff(session: Session, site_id: UUID, at: datetime) -> list[tuple[str, UUID]]:
    secret_hash = hash_secret(PASSWORD)
    users: list[tuple[str, UUID]] = []
    for person in PEOPLE:
        if person.merchant:
            continue
        home = site_id if person.role in ("lead", "worker") else None
        user_id = invite_staff(
            session,
            email=person.email,
            name=person.name,
            role=person.role,
            site_id=home,
            by=None,
            at=at,
            mail=False,
        )
        put_password(session, user_id=user_id, email=person.email, secret_hash=secret_hash)
        if person.badge:
            set_badge(session, user_id=user_id, code=person.badge, site_id=site_id, by=None, at=at)
            set_pin(session, user_id=user_id, pin=person.pin, site_id=site_id, by=None, at=at)
        users.append((person.role, user_id))
    return users


def _add_merchant(session: Session, site_id: UUID, described: DemoMerchant, by: UUID, at: datetime) -> UUID:
    return add_merchant(
        session,
        new=NewMerchant(
            code=described.code, name=described.name, site_id=site_id, support_email=f"hello@{described.host}", brand_colour=described.colour,
            support_phone=described.phone, shop_url=f"https://{described.host}", postal_identity=described.postal, return_policy=described.policy,
            return_days=described.return_days, currency=described.currency,
        ),
        by=by, at=at,
    )  # fmt: skip


def _invite(session: Session, merchant_id: UUID, code: str, at: datetime) -> UUID:
    secret_hash = hash_secret(PASSWORD)
    owner: UUID | None = None
    for person in PEOPLE:
        if person.merchant != code:
            continue
        user_id = invite_member(
            session,
            merchant_id=merchant_id,
            email=person.email,
            name=person.name,
            role=person.role,
            by=None,
            at=at,
            mail=False,
        )
        put_password(session, user_id=user_id, email=person.email, secret_hash=secret_hash)
        owner = owner or user_id
    if owner is None:
        raise AssertionError(f"the demo merchant {code} has no owner")
    return owner


def _open_shop(
    database: Database, described: DemoMerchant, merchant_id: UUID, owner_id: UUID, at: datetime
) -> Shop:
    with database.transaction(AsMerchant(merchant_id, owner_id)) as session:
        scopes = ("orders.read", "orders.write", "stock.read", "catalog.read", "catalog.write")
        _, token = create_api_token(
            session,
            merchant_id=merchant_id,
            name="Demo scripts",
            scopes=scopes,
            allowed=scopes,
            by=owner_id,
            at=at,
        )
        shop = Shop(described, merchant_id, owner_id, token)
        for number, (code, name, weight_g, price_minor) in enumerate(described.skus):
            barcode = ean13(MERCHANTS.index(described) * 1000 + number + 1)
            sku_id = add_sku(
                session,
                merchant_id=merchant_id,
                sku=NewSku(code=code, name=name, barcode=barcode, weight_g=weight_g),
            )
            if number % 4 == 0:
                add_barcode(
                    session,
                    merchant_id=merchant_id,
                    sku_id=sku_id,
                    code=f"CASE-{described.prefix.strip('#-')}{number + 1:03d}",
                    quantity=12,
                )
            shop.skus.append(Sku(sku_id, code, name, price_minor))
    return shop


def _deliver(
    database: Database,
    site_id: UUID,
    shop: Shop,
    bins: list[PlaceRow],
    by: UUID,
    at: datetime,
    chance: random.Random,
) -> None:
    """Bring each SKU into one to three bins, and take those bins off the list."""
    with database.transaction(AsFloor(site_id, by)) as session:
        for minutes, sku in enumerate(shop.skus):
            if sku.code in EMPTY:
                continue
            for _ in range(chance.choice((1, 1, 2, 3))):
                receive_stock(
                    session, merchant_id=shop.id, site_id=site_id, sku_id=sku.id, place_id=bins.pop().id,
                    quantity=chance.choice((12, 18, 24, 36, 48, 60)), by=by, at=at + timedelta(minutes=minutes),
                )  # fmt: skip
