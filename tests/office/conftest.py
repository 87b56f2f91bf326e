"""A small operator: one site, two merchants, and the office's people signed in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from portal.domain.orders.commands.holds import place_hold
from portal.kernel.scopes import AsMerchant, AsOffice
from tests import make, people

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient

    from portal.kernel.db import Database


@dataclass(frozen=True, slots=True)
class House:
    """What the tests of the office stand on."""

    site: make.Site3PL
    acme: UUID
    rival: UUID
    tea: UUID
    order: UUID
    """Acme's #1001: two teas for Ada in Leeds, allocated."""


@pytest.fixture
def house(db: Database) -> House:
    """A site with Acme, who has ten teas and an order, and Rival, who has nothing."""
    site = make.site(db)
    acme, rival = make.merchant(db, site, code="ACME"), make.merchant(db, site, code="RIVAL")
    tea = make.sku(db, acme, "TEA")
    make.stock(db, site, acme, tea, 10)
    order = make.order(db, acme, {tea: 2}, number="#1001", email="ada@example.com")
    return House(site, acme, rival, tea, order)


@pytest.fixture
def clerk(app: Flask, db: Database, house: House) -> FlaskClient:
    """A clerk's browser."""
    return people.signed_in(app, people.staff(db, "clerk"))


@pytest.fixture
def admin(app: Flask, db: Database, house: House) -> FlaskClient:
    """An admin's browser."""
    return people.signed_in(app, people.staff(db, "admin"))


def hold(db: Database, house: House, *, owner: str = "operator") -> UUID:
    """Stop Acme's order."""
    scope = AsOffice() if owner == "operator" else AsMerchant(house.acme)
    with db.transaction(scope) as session:
        return place_hold(
            session, merchant_id=house.acme, order_id=house.order, kind=owner, reason="The label looks odd", owner=owner,
            next_step="Call Ada", by=None, at=make.NOW,
        )  # fmt: skip
