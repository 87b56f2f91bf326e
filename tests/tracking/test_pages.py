"""The public pages over HTTP: what they show, and all that they must not."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from portal.domain.messages.commands import end_details_links
from portal.domain.messages.links import open_details, open_tracking, revoke_details
from portal.domain.orders.commands.accept import NewRecipient, accept_orders
from portal.kernel import clock
from portal.kernel.errors import NotFoundError
from portal.kernel.ids import new_id
from portal.kernel.scopes import AsMerchant, AsTracking
from portal.tracking import limit
from tests import make

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from flask import Flask
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from portal.config import Config
    from portal.kernel.db import Database

ADA = NewRecipient(
    name="Adalbert Coleridge", address1="12 Park Row", address2="Flat 4", city="Leeds", postcode="LS1 4AP", country="GB",
    email="ada@mail.example", phone="+44 7700 900123",
)  # fmt: skip


class Sent:
    """An order with its two links."""

    def __init__(self, db: Database, config: Config) -> None:
        self.db = db
        self.merchant_id = make.merchant(db, make.site(db))
        new = make.new_order({make.sku(db, self.merchant_id): 2}, number="#1001")
        with db.transaction(AsMerchant(self.merchant_id)) as session:
            session.execute(
                text("UPDATE merchants SET brand_colour = '#ffd400', support_phone = '+44 113 496 0123'")
            )
            [self.order_id] = accept_orders(
                session, merchant_id=self.merchant_id, orders=[replace(new, recipient=ADA)], source="by a test", by=None, at=make.NOW
            )  # fmt: skip
            self.tracking = self._path(
                config, open_tracking(session, config, merchant_id=self.merchant_id, order_id=self.order_id)
            )
            self.details = self._path(
                config,
                open_details(
                    session, config, merchant_id=self.merchant_id, order_id=self.order_id, message_id=new_id()
                ),
            )

    def _path(self, config: Config, url: str) -> str:
        assert url.startswith(config.base_url)
        return url.removeprefix(config.base_url)


@pytest.fixture
def sent(app: Flask, db: Database, config: Config) -> Sent:
    """An order of Adalbert's with its links."""
    return Sent(db, config)


@pytest.fixture(autouse=True)
def _tidy_redis(app: Flask, config: Config) -> Iterator[None]:
    yield
    redis: Any = app.extensions["redis"]
    for key in redis.scan_iter(f"{config.redis_prefix}*"):
        redis.delete(key)


def style_of(answer: TestResponse) -> str:
    [style] = re.findall(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    return style


def test_the_page_tells_and_gives_nothing_away(client: FlaskClient, sent: Sent):
    with clock.frozen(make.NOW):
        answer = client.get(sent.tracking)
    assert answer.status_code == 200
    for words in (
        "Expected",
        "Order #1001",
        "A., Leeds",
        "Tea thing",
        "help@acme.example",
        "https://acme.example",
        "Return it within 30 days.",
    ):
        assert words in answer.text
    for secret in (
        "Coleridge",
        "Adalbert",
        "12 Park Row",
        "Flat 4",
        "LS1",
        "ada@mail",
        "7700",
        "£",
        "10.00",
        "5.00",
        "TEA-BC",
        str(sent.order_id),
        str(sent.merchant_id),
    ):
        assert secret not in answer.text
    assert sent.details.rpartition("/")[2] not in answer.text


def test_one_small_answer_with_a_policy_that_allows_its_own_style_only(client: FlaskClient, sent: Sent):
    for path in (sent.tracking, sent.details, "/t/" + "x" * 27):
        answer = client.get(path)
        assert len(answer.data) <= 14_000
        assert "<script" not in answer.text
        assert " style=" not in answer.text
        assert "<img" not in answer.text
        assert re.findall(r'<link[^>]*href="(?!data:)', answer.text) == []
        digest = base64.b64encode(hashlib.sha256(style_of(answer).encode()).digest()).decode()
        policy = answer.headers["Content-Security-Policy"]
        assert f"style-src 'sha256-{digest}'" in policy
        assert policy.startswith("default-src 'none';")
        assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "private, no-store"
        assert "Set-Cookie" not in answer.headers
        assert '<meta name="robots" content="noindex, nofollow">' in answer.text


def test_the_merchants_colours_are_made_readable(client: FlaskClient, sent: Sent):
    style = style_of(client.get(sent.tracking))
    assert "--brand:#ffd400;--on:#000000" in style
    assert "--text:#ffd400" in style.partition("prefers-color-scheme:dark")[2]
    assert "--text:#ffd400" not in style.partition("prefers-color-scheme:dark")[0]


def test_the_details_are_for_printing(client: FlaskClient, sent: Sent):
    answer = client.get(sent.details)
    assert answer.status_code == 200
    for words in (
        "Adalbert Coleridge",
        "12 Park Row",
        "Flat 4",
        "Leeds LS1 4AP",
        "United Kingdom",
        "£5.00",
        "£10.00",
        "Ctrl+P",
        "Monday 23 November 2026",
    ):
        assert words in answer.text
    assert "@media print" in style_of(answer)
    assert "ada@mail.example" not in answer.text


def test_a_revoked_link_ends_and_the_tracking_page_stays(client: FlaskClient, sent: Sent):
    with sent.db.transaction(AsMerchant(sent.merchant_id)) as session:
        ended = end_details_links(
            session, merchant_id=sent.merchant_id, order_id=sent.order_id, by=None, at=make.NOW
        )
        assert ended == 1
        assert (
            end_details_links(
                session, merchant_id=sent.merchant_id, order_id=sent.order_id, by=None, at=make.NOW
            )
            == 0
        )
    assert client.get(sent.details).status_code == 404
    assert client.get(sent.tracking).status_code == 200


def test_a_rival_cannot_end_links(client: FlaskClient, db: Database, sent: Sent):
    rival = make.merchant(db, make.site(db, code="SS"), code="RIVAL")
    with pytest.raises(NotFoundError), db.transaction(AsMerchant(rival)) as session:
        end_details_links(session, merchant_id=sent.merchant_id, order_id=sent.order_id, by=None, at=make.NOW)
    with db.transaction(AsMerchant(rival)) as session:
        assert revoke_details(session, order_id=sent.order_id) == 0
    assert client.get(sent.details).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/t/" + "x" * 27,
        "/t/short",
        "/t/" + "é" * 27,
        "/t/" + "x" * 500,
        "/t/details/" + "x" * 27,
        "/t/%00" + "x" * 27,
    ],
)
def test_a_wrong_link_gets_a_plain_page_without_a_merchant(client: FlaskClient, sent: Sent, path: str):
    answer = client.get(path)
    assert answer.status_code == 404
    assert "This link leads to no order" in answer.text
    assert "Acme" not in answer.text
    assert "Parcelyard" not in answer.text


def test_the_two_kinds_of_link_do_not_open_each_others_page(client: FlaskClient, sent: Sent):
    assert client.get("/t/" + sent.details.rpartition("/")[2]).status_code == 404
    assert client.get("/t/details/" + sent.tracking.rpartition("/")[2]).status_code == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nothing_can_be_changed(client: FlaskClient, sent: Sent, method: str):
    assert client.open(sent.tracking, method=method).status_code == 405
    assert client.open(sent.details, method=method).status_code == 405


def test_the_public_login_can_read_no_table(db: Database, superuser: Any):
    tables = (
        superuser.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).scalars().all()
    )
    assert len(tables) > 20
    for name in tables:
        with (
            pytest.raises(ProgrammingError, match="permission denied"),
            db.transaction(AsTracking()) as session,
        ):
            session.execute(text(f"SELECT 1 FROM {name}"))
    for role in ("portal_merchant", "portal_office", "portal_system", "portal_gate", "portal_reader"):
        with (
            pytest.raises(ProgrammingError, match="permission denied"),
            db.transaction(AsTracking()) as session,
        ):
            session.execute(text(f"SET LOCAL ROLE {role}"))


def test_an_address_that_opens_too_much_waits_and_others_do_not(
    client: FlaskClient, sent: Sent, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(limit, "BURST", 3)
    monkeypatch.setattr(limit, "PER_SECOND", 0.01)
    codes = [client.get(sent.tracking).status_code for _ in range(5)]
    assert codes == [200, 200, 200, 429, 429]
    answer = client.get(sent.tracking)
    assert "Wait a minute" in answer.text
    assert "Acme" not in answer.text
    assert client.get(sent.tracking, environ_overrides={"REMOTE_ADDR": "192.0.2.7"}).status_code == 200


def test_a_bucket_fills_up_again(client: FlaskClient, sent: Sent, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limit, "BURST", 1)
    monkeypatch.setattr(limit, "PER_SECOND", 1000)
    assert [client.get(sent.tracking).status_code for _ in range(5)] == [200] * 5


def test_without_redis_the_page_stays_open(app: Flask, client: FlaskClient, sent: Sent):
    from redis import Redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    app.extensions["tracking_redis"] = Redis(port=1, socket_connect_timeout=0.25, retry=Retry(NoBackoff(), 0))
    assert client.get(sent.tracking).status_code == 200


def test_rivals_links_lead_to_their_own_orders(client: FlaskClient, db: Database, config: Config, sent: Sent):
    order_id: UUID = sent.order_id
    rival = make.merchant(db, make.site(db, code="SS"), code="RIVAL")
    with (
        pytest.raises(ProgrammingError, match="outside the merchant's rights"),
        db.transaction(AsMerchant(rival)) as session,
    ):
        open_tracking(session, config, merchant_id=sent.merchant_id, order_id=order_id)
