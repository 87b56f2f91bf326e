"""The people of the tests: Acme and her clerk, a rival, pickers, the office, and their ways in. All passwords are the same."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING
from uuid import UUID

from argon2 import PasswordHasher
from argon2.profiles import CHEAPEST

from portal.domain.accounts.commands.people import (
    invite_member,
    invite_staff,
    put_password,
    set_badge,
    set_pin,
)
from portal.domain.accounts.commands.tokens import create_api_token
from portal.kernel.scopes import AsMerchant, AsOffice
from tests import make

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask import Flask
    from flask.testing import FlaskClient

    from portal.kernel.db import Database

PASSWORD = "four words in a row"
SCOPES = ("catalog.read", "catalog.write", "orders.read", "orders.write", "stock.read", "stock.write")


@cache
def _password_hash() -> str:
    # The least work that argon2 can do: what is tested is the door, not the lock's steel.
    return PasswordHasher.from_parameters(CHEAPEST).hash(PASSWORD)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can sign in."""

    id: UUID
    email: str
    role: str


def member(db: Database, merchant_id: UUID, role: str = "owner", *, email: str = "") -> Person:
    """Let somebody belong to a merchant."""
    email = email or f"{role}-{merchant_id.hex[-6:]}@shop.example"
    with db.transaction(AsOffice()) as session:
        user_id = invite_member(
            session,
            merchant_id=merchant_id,
            email=email,
            name=f"{role.title()} Person",
            role=role,
            by=None,
            at=make.NOW,
            mail=False,
        )
        put_password(session, user_id=user_id, email=email, secret_hash=_password_hash())
    return Person(user_id, email, role)


def staff(
    db: Database,
    role: str,
    at_site: make.Site3PL | None = None,
    *,
    email: str = "",
    badge: str = "",
    pin: str = "",
) -> Person:
    """Take somebody on as staff; workers and leads at a site, with a badge and a PIN where given."""
    email = email or f"{role}@operator.example"
    with db.transaction(AsOffice()) as session:
        site_id = at_site.id if at_site else None
        user_id = invite_staff(
            session,
            email=email,
            name=f"{role.title()} Person",
            role=role,
            site_id=site_id,
            by=None,
            at=make.NOW,
            mail=False,
        )
        put_password(session, user_id=user_id, email=email, secret_hash=_password_hash())
        if badge and site_id:
            set_badge(session, user_id=user_id, code=badge, site_id=site_id, by=None, at=make.NOW)
        if pin and site_id:
            set_pin(session, user_id=user_id, pin=pin, site_id=site_id, by=None, at=make.NOW)
    return Person(user_id, email, role)


def token(db: Database, merchant_id: UUID, scopes: Sequence[str] = SCOPES) -> str:
    """Make a token for a merchant's machine."""
    with db.transaction(AsMerchant(merchant_id)) as session:
        _, secret = create_api_token(
            session,
            merchant_id=merchant_id,
            name="Machine",
            scopes=scopes,
            allowed=SCOPES,
            by=None,
            at=make.NOW,
        )
    return secret


def signed_in(app: Flask, person: Person) -> FlaskClient:
    """Return a browser without JavaScript in which the person has signed in by the form."""
    client = app.test_client()
    form = {"email": person.email, "password": PASSWORD, "csrf_token": csrf(client, "/sign-in")}
    answer = client.post("/sign-in", data=form)
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return client


def csrf(client: FlaskClient, path: str) -> str:
    """Return the token that the forms of a page carry."""
    page = client.get(path).get_data(as_text=True)
    mark = 'name="csrf_token" value="'
    assert mark in page, f"{path} has no form: {page[:300]}"
    return page.partition(mark)[2].partition('"')[0]
