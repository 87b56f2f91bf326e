"""Parcels: papers opened again, a carrier's number typed in."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from sqlalchemy import text

from portal.domain.devices.rules import ScanIn
from portal.domain.picking.commands import scan_pick, start_batch
from portal.domain.picking.queries import find_open_batch, next_pick
from portal.domain.shipping.commands.packing import open_parcel
from portal.kernel import clock
from portal.kernel.ids import new_id
from portal.kernel.scopes import AsFloor
from tests import people
from tests.merchants import shop as shops
from tests.office.conftest import page, send, words

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient
    from sqlalchemy import Connection

    from portal.config import Config
    from portal.kernel.db import Database


@pytest.fixture
def shop(db: Database) -> shops.Shop:
    """Juniper Tea with one order of two teas, ready to be picked."""
    here = shops.shop(db)
    shops.take(here, "tea", {"TEA-EARL-250": 2})
    return here


@pytest.fixture
def desk(app: Flask, db: Database, shop: shops.Shop) -> FlaskClient:
    """A clerk's browser."""
    return people.signed_in(app, people.staff(db, "clerk"))


def test_papers_of_a_shipped_parcel_are_opened_again(
    desk: FlaskClient, shop: shops.Shop, config: Config, superuser: Connection
) -> None:
    shops.ship(shop, config, "tea")
    html = page(desk, f"/o/orders/{shop.id}/{shop.orders['tea']}")
    said = words(html)
    assert "It has shipped" in said
    assert "1 parcel" in said
    assert "2 × TEA-EARL-250" in said
    assert "Type in a carrier" not in said
    parcel: UUID = superuser.execute(text("SELECT id FROM parcels")).scalar_one()
    number: str = superuser.execute(text("SELECT number FROM parcels")).scalar_one()
    papers = f"/o/orders/{shop.id}/parcels/{parcel}/documents"
    for kind, start, media_type, how in (
        ("label_pdf", b"%PDF-", "application/pdf", "inline"), ("slip_a4", b"%PDF-", "application/pdf", "inline"),
        ("slip_4x6", b"%PDF-", "application/pdf", "inline"), ("label_zpl", b"^XA", "", "attachment"),
    ):  # fmt: skip
        assert f'href="{papers}/{kind}"' in html
        answer = desk.get(f"{papers}/{kind}")
        assert answer.status_code == 200
        assert answer.data.startswith(start)
        assert answer.headers["Content-Type"].startswith(media_type)
        assert answer.headers["Content-Disposition"].startswith(
            f'{how}; filename="{number}-{kind.replace("_", "-")}.'
        )
    assert desk.get(f"{papers}/invoice").status_code == 404
    assert desk.get(f"/o/orders/{shop.rival}/parcels/{parcel}/documents/label_pdf").status_code == 404
    superuser.rollback()
    read = superuser.execute(
        text("SELECT subject FROM audit_entries WHERE action = 'document read' ORDER BY at, id")
    )
    assert len(list(read)) == 4


def _begun_parcel(db: Database, shop: shops.Shop) -> UUID:
    """Pick the one order and open its parcel."""
    worker = people.staff(db, "worker", shop.site)
    with db.transaction(AsFloor(shop.site.id, worker.id)) as session:
        start_batch(session, site_id=shop.site.id, user_id=worker.id, at=clock.now(), most_orders=1)
        batch = find_open_batch(session, shop.site.id, worker.id)
        assert batch is not None
        pick = next_pick(session, shop.site.id, batch.id)
        assert pick is not None
        for code in (pick.place_code, *["5012345000000"] * pick.left):
            scan = ScanIn(
                id=new_id(),
                site_id=shop.site.id,
                device_id=None,
                user_id=worker.id,
                code=code,
                at=clock.now(),
            )
            assert scan_pick(session, scan).verdict == "applied"
        return open_parcel(session, merchant_id=shop.id, order_id=shop.orders["tea"], by=None, at=clock.now())


def test_a_carriers_number_is_typed_in(
    desk: FlaskClient, shop: shops.Shop, db: Database, superuser: Connection
) -> None:
    order = f"/o/orders/{shop.id}/{shop.orders['tea']}"
    parcel = _begun_parcel(db, shop)
    path = f"/o/orders/{shop.id}/parcels/{parcel}/carrier"
    assert f'href="{path}"' in page(desk, order)
    wrong = send(desk, path, path, carrier="ups", tracking_number="12 34", service="Ground")
    html = wrong.get_data(as_text=True)
    assert wrong.status_code == 422
    assert 'value="12 34"' in html
    assert 'id="tracking_number-wrong-1"' in html
    right = send(desk, path, path, carrier="ups", tracking_number="1Z 999 AA1 01 2345 6784", service="Ground")
    assert (right.status_code, right.headers["Location"]) == (303, order)
    assert 'href="https://www.ups.com/track?tracknum=1Z999AA10123456784" target="_blank"' in page(desk, order)
    row = superuser.execute(text("SELECT carrier, tracking_number, service FROM parcels")).one()
    assert row == ("ups", "1Z999AA10123456784", "Ground")
    assert desk.get(f"/o/orders/{shop.rival}/parcels/{parcel}/carrier").status_code == 404
