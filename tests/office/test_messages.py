"""The log of mails: read as they were sent, locked in, and sent again by one click."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from portal import create_app
from tests import people
from tests.office.conftest import message, page, send, words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask
    from flask.testing import FlaskClient
    from sqlalchemy import Connection

    from portal.config import Config
    from portal.kernel.db import Database
    from tests.office.conftest import House


@pytest.fixture
def mailing(config: Config) -> Iterator[Flask]:
    """The application where a mail server is set."""
    app = create_app(replace(config, smtp_url="smtp://127.0.0.1:1"))
    yield app
    app.extensions["database"].dispose()


def test_the_log_is_narrowed_by_state_kind_merchant_and_words(
    clerk: FlaskClient, db: Database, house: House
) -> None:
    message(db, house, state="sent")
    message(db, house, state="failed", to="bea@example.com", error="550 unknown")
    message(db, house, kind="shipping_confirmation", to="cy@example.com")

    def found(query: str) -> list[str]:
        said = words(page(clerk, f"/o/messages?{query}"))
        return [name for name in ("ada@", "bea@", "cy@") if f"({name}example.com)" in said]

    assert found("") == ["ada@", "bea@", "cy@"]
    assert found("state=failed") == ["bea@"]
    assert found("kind=shipping_confirmation") == ["cy@"]
    assert found(f"merchant={house.rival}") == []
    assert found("search=BEA") == ["bea@"]
    assert found("search=%231001") == ["ada@", "bea@", "cy@"]
    assert found("search=%25") == []
    assert "No mail server is set" in words(page(clerk, "/o/messages"))


def test_a_message_shows_its_head_its_text_and_its_links(
    clerk: FlaskClient, db: Database, house: House
) -> None:
    mail = message(
        db,
        house,
        state="sent",
        body="Look: http://127.0.0.1:8000/t/abc. Or (https://shop.example/x?a=1&b=2).",
    )
    html = page(clerk, f"/o/messages/{mail}")
    said = words(html)
    assert "From Acme Goods Reply to help@acme.example To Ada Cole ada@example.com" in said
    assert "Tries 1" in said
    assert '<a class="wrap" href="http://127.0.0.1:8000/t/abc" target="_blank" rel="noreferrer">' in html
    assert 'href="https://shop.example/x?a=1&amp;b=2" target="_blank"' in html
    assert f'src="/o/messages/{mail}/mail" sandbox="allow-popups allow-popups-to-escape-sandbox"' in html
    assert "Send again" not in said


def test_a_mail_is_locked_in(clerk: FlaskClient, db: Database, house: House) -> None:
    mail = message(db, house)
    answer = clerk.get(f"/o/messages/{mail}/mail")
    policy = answer.headers["Content-Security-Policy"]
    assert "sandbox allow-popups allow-popups-to-escape-sandbox;" in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'self'" in policy
    assert "script" not in policy
    assert "allow-scripts" not in policy
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert '<head><base target="_blank">' in answer.get_data(as_text=True)


@pytest.mark.parametrize("kind", ["invitation", "password_reset"])
def test_a_link_that_lets_somebody_in_is_for_admins_alone(
    app: Flask, clerk: FlaskClient, db: Database, house: House, kind: str
) -> None:
    secret = "0123456789abcdefghijABCDEFGHIJ12"
    path = "invitation" if kind == "invitation" else "reset"
    mail = message(db, house, kind=kind, body=f"Here: http://127.0.0.1:8000/{path}/{secret}")
    for address in (f"/o/messages/{mail}", f"/o/messages/{mail}/mail"):
        assert secret not in clerk.get(address).get_data(as_text=True)
    admin = people.signed_in(app, people.staff(db, "admin"))
    for address in (f"/o/messages/{mail}", f"/o/messages/{mail}/mail"):
        assert secret in admin.get(address).get_data(as_text=True)


@pytest.mark.parametrize("state", ["failed", "unknown", "kept"])
def test_what_did_not_go_out_is_sent_again(
    mailing: Flask, db: Database, house: House, superuser: Connection, state: str
) -> None:
    clerk = people.signed_in(mailing, people.staff(db, "clerk"))
    mail = message(db, house, state=state, error="421 busy")
    news = "SELECT count(*) FROM outbox WHERE event = 'MessageQueued'"
    before = superuser.execute(text(news)).scalar_one()
    superuser.rollback()
    path = f"/o/messages/{mail}"
    answer = send(clerk, f"{path}/send-again", path)
    assert (answer.status_code, answer.headers["Location"]) == (303, path)
    assert superuser.execute(text("SELECT state, error FROM messages")).one() == ("queued", "")
    assert superuser.execute(text(news)).scalar_one() == before + 1
    superuser.rollback()
    twice = send(clerk, f"{path}/send-again", path)
    assert twice.status_code == 409
    assert superuser.execute(text(news)).scalar_one() == before + 1


def test_without_a_mail_server_nothing_is_sent_again(
    clerk: FlaskClient, db: Database, house: House, superuser: Connection
) -> None:
    mail = message(db, house, state="kept")
    path = f"/o/messages/{mail}"
    said = words(page(clerk, path))
    assert "It was written while no mail server was set, and kept." in said
    assert "Send now" not in said
    assert send(clerk, f"{path}/send-again", path).status_code == 409
    assert superuser.execute(text("SELECT state FROM messages")).scalar() == "kept"
