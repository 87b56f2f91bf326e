"""A small operator: one site, two merchants, and the office's people signed in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from sqlalchemy import text

from portal.domain.messages.commands import (
    NewMessage,
    conclude_message,
    keep_message,
    queue_message,
    start_message,
)
from portal.domain.orders.commands.holds import place_hold
from portal.kernel.scopes import AsMerchant, AsOffice, AsSystem
from tests import make, people
from tests.markup import check

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient
    from sqlalchemy import Connection
    from werkzeug.test import TestResponse

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


def promise(superuser: Connection, order_id: UUID, *, days: int) -> None:
    """Let an order be promised for so many days from today, in London."""
    superuser.execute(
        text(
            "UPDATE orders SET promised_on = (now() AT TIME ZONE 'Europe/London')::date + :days WHERE id = :id"
        ),
        {"days": days, "id": order_id},
    )
    superuser.commit()


def message(
    db: Database,
    house: House,
    *,
    kind: str = "order_confirmation",
    state: str = "queued",
    to: str = "ada@example.com",
    error: str = "",
    body: str = "Look here: http://127.0.0.1:8000/t/abc.",
) -> UUID:
    """Write a mail to Ada about her order, and let it come to a state."""
    new = NewMessage(
        merchant_id=house.acme, order_id=house.order, kind=kind, topic=f"{kind}:{to}", from_name="Acme Goods", reply_to="help@acme.example",
        to_name="Ada Cole", to_address=to, subject=f"Your order #1001 ({to})", text=body,
        html=f"<!doctype html><html lang=en><head><title>x</title></head><body><p>{body}</p><script>alert(1)</script></body></html>",
    )  # fmt: skip
    with db.transaction(AsSystem(house.acme, "a test")) as session:
        assert queue_message(session, new)
        if state == "kept":
            assert keep_message(session, message_id=new.id, at=make.NOW)
        elif state != "queued":
            assert start_message(session, message_id=new.id, at=make.NOW)
            move = {"sent": "confirm", "failed": "fail", "unknown": "lose"}[state]
            conclude_message(session, message_id=new.id, move=move, error=error, at=make.NOW)
    return new.id


def page(client: FlaskClient, path: str) -> str:
    """Return a page's text, which has to be there and well-formed."""
    answer = client.get(path)
    html = answer.get_data(as_text=True)
    assert answer.status_code == 200, html
    assert check(html) == []
    return html


def words(html: str) -> str:
    """Return what a person reads of a page, with single spaces."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def send(client: FlaskClient, path: str, form: str, **data: str) -> TestResponse:
    """Send a form: `form` is the page that it stands on."""
    return client.post(path, data=data | {"csrf_token": people.csrf(client, form)})
