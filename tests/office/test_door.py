"""Who may come in, what an admin may do that a clerk may not, and what is noted of reading."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from sqlalchemy import text

from tests import people
from tests.office.conftest import message, page, send, words

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient
    from sqlalchemy import Connection

    from portal.kernel.db import Database
    from tests.office.conftest import House

EVERYBODYS = ("/o/", "/o/orders", "/o/messages", "/o/news", "/o/merchants", "/o/places")
ADMINS = ("/o/merchants/new", "/o/staff", "/o/tablets")


@pytest.mark.parametrize("path", EVERYBODYS + ADMINS)
def test_strangers_are_led_to_the_sign_in(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/sign-in")


def test_other_audiences_find_no_office(app: Flask, db: Database, house: House) -> None:
    owner = people.signed_in(app, people.member(db, house.acme))
    lead = people.signed_in(app, people.staff(db, "lead", house.site))
    paths = (*EVERYBODYS, *ADMINS, f"/o/orders/{house.acme}/{house.order}", f"/o/merchants/{house.acme}")
    assert {(path, client.get(path).status_code) for path in paths for client in (owner, lead)} == {
        (path, 404) for path in paths
    }


def test_a_clerk_works_but_does_not_run_the_office(clerk: FlaskClient, house: House) -> None:
    assert [clerk.get(path).status_code for path in EVERYBODYS] == [200] * len(EVERYBODYS)
    assert [clerk.get(path).status_code for path in ADMINS] == [403] * len(ADMINS)
    html = page(clerk, "/o/")
    assert "Staff" not in words(html)
    assert "Take on a merchant" not in words(page(clerk, "/o/merchants"))


def test_an_admin_sees_the_whole_menu(admin: FlaskClient) -> None:
    html = page(admin, "/o/")
    menu = html.partition('<nav aria-label="Main">')[2].partition("</nav>")[0]
    assert words(menu) == "Board Orders Messages News Places Merchants Staff Tablets"


def test_nothing_is_changed_without_the_forms_secret(
    clerk: FlaskClient, house: House, superuser: Connection
) -> None:
    answer = clerk.post(f"/o/orders/{house.acme}/{house.order}/hold", data={"reason": "x", "next_step": "y"})
    assert answer.status_code == 400
    assert superuser.execute(text("SELECT count(*) FROM holds")).scalar() == 0


def _read(superuser: Connection) -> list[tuple[str, str]]:
    superuser.rollback()
    rows = superuser.execute(
        text("SELECT action, subject FROM audit_entries WHERE action LIKE '%read' ORDER BY at, id")
    )
    return [(row.action, row.subject) for row in rows]


def test_reading_about_a_recipient_is_noted_once_a_page(
    clerk: FlaskClient, db: Database, house: House, superuser: Connection
) -> None:
    mail = message(db, house)
    page(clerk, "/o/orders")
    assert _read(superuser) == []
    page(clerk, f"/o/orders/{house.acme}/{house.order}")
    assert _read(superuser) == [("recipient read", "order #1001")]
    page(clerk, f"/o/messages/{mail}")
    clerk.get(f"/o/messages/{mail}/mail")
    assert _read(superuser)[1:] == [("message read", f"order_confirmation {mail}")]


def test_looking_for_an_order_that_is_not_there_notes_nothing(
    clerk: FlaskClient, house: House, superuser: Connection
) -> None:
    assert clerk.get(f"/o/orders/{house.rival}/{house.order}").status_code == 404
    assert clerk.get(f"/o/orders/{house.acme}/{uuid4()}").status_code == 404
    assert _read(superuser) == []


def test_a_form_with_mistakes_keeps_what_was_typed(
    clerk: FlaskClient, house: House, superuser: Connection
) -> None:
    order = f"/o/orders/{house.acme}/{house.order}"
    answer = send(clerk, f"{order}/hold", order, reason="Odd <label>", next_step="")
    html = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'value="Odd &lt;label&gt;"' in html
    assert words(html).count("Say what has to happen before it can go on.") == 2
    assert "<title>Error: Order #1001" in html
    assert superuser.execute(text("SELECT count(*) FROM holds")).scalar() == 0
