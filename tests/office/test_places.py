"""Places and what lies in them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from sqlalchemy import text

from tests.office.conftest import page, send, words

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from sqlalchemy import Connection

    from tests.office.conftest import House

COUNT = "SELECT count(*) FROM places WHERE physical"


def test_places_show_what_lies_in_them(clerk: FlaskClient, house: House) -> None:
    said = words(page(clerk, "/o/places"))
    assert "Storage (6) Totes (6) Docks (1)" in said
    assert "A-01-1 Storage 1 10 Acme Goods A-02-1 Storage 0 0 Empty" in said
    filled = words(page(clerk, "/o/places?view=filled"))
    assert "A-01-1" in filled
    assert "A-02-1" not in filled
    assert "T-01" in words(page(clerk, "/o/places?kind=tote"))
    assert "No place fits" in words(page(clerk, "/o/places?search=%25"))
    place = words(page(clerk, f"/o/places/{house.site.bins[0]}"))
    assert "TEA Tea thing Acme Goods Allocated 2 TEA Tea thing Acme Goods Available 8" in place
    assert "It is empty" in words(page(clerk, f"/o/places/{house.site.bins[1]}"))
    assert clerk.get(f"/o/places/{uuid4()}").status_code == 404
    assert clerk.get(f"/o/places?site={uuid4()}").status_code == 404


def test_a_range_adds_places_behind_the_walk_and_only_new_ones(
    clerk: FlaskClient, house: House, superuser: Connection
) -> None:
    path = f"/o/sites/{house.site.id}/places"
    answer = send(clerk, path, "/o/places", kind="storage", codes="A-01-1..A-03-2\nb-01-1")
    assert (answer.status_code, answer.headers["Location"]) == (
        303,
        f"/o/places?site={house.site.id}&kind=storage",
    )
    said = words(page(clerk, answer.headers["Location"]))
    assert "4 places added. 3 of these codes existed already and stay as they are." in said
    walk = superuser.execute(
        text("SELECT code FROM places WHERE kind = 'storage' ORDER BY walk_order, code")
    ).scalars()
    assert list(walk) == [
        "A-01-1", "A-02-1", "A-03-1", "A-04-1", "A-05-1", "A-06-1", "A-01-2", "A-02-2", "A-03-2", "B-01-1",
    ]  # fmt: skip


def test_codes_that_do_not_fit_are_all_named_and_none_is_added(
    clerk: FlaskClient, house: House, superuser: Connection
) -> None:
    before = superuser.execute(text(COUNT)).scalar()
    path = f"/o/sites/{house.site.id}/places"
    answer = send(clerk, path, "/o/places", kind="storage", codes="C-1\nC-3..C-1\nD 1")
    said = words(answer.get_data(as_text=True))
    assert answer.status_code == 422
    assert said.count("“C-3..C-1”: the part “3” cannot run to “1”.") == 2
    assert said.count("“D 1”: write codes with up to 30 capital letters, digits and dashes") == 2
    assert "C-1 C-3..C-1 D 1" in said
    strange = send(clerk, path, "/o/places", kind="supplier", codes="C-1")
    assert strange.status_code == 422
    assert send(clerk, f"/o/sites/{uuid4()}/places", "/o/places", kind="tote", codes="C-1").status_code == 404
    superuser.rollback()
    assert superuser.execute(text(COUNT)).scalar() == before
