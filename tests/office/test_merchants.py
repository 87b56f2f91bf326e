"""Taking merchants on, and reading how they are doing."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from sqlalchemy import text

from tests.office.conftest import page, promise, send, words

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from sqlalchemy import Connection

    from tests.office.conftest import House

NEW = {
    "name": "Blue Kettle", "code": "kettle", "owner_name": "Olga Owner", "owner_email": "Olga@Kettle.example", "support_email": "help@kettle.example",
    "support_phone": "", "shop_url": "https://kettle.example", "postal_identity": "Blue Kettle, 2 High Street", "return_policy": "30 days.",
    "return_days": "30", "brand_colour": "#1F4B99", "currency": "gbp", "handling_days": "2",
}  # fmt: skip


def test_a_merchant_is_taken_on_and_its_owner_invited(
    admin: FlaskClient, house: House, superuser: Connection
) -> None:
    answer = send(admin, "/o/merchants/new", "/o/merchants/new", **NEW, site=str(house.site.id))
    assert answer.status_code == 303, words(answer.get_data(as_text=True))
    row = superuser.execute(
        text(
            "SELECT id, code, brand_colour, currency, handling_days FROM merchants WHERE name = 'Blue Kettle'"
        )
    ).one()
    assert tuple(row)[1:] == ("KETTLE", "#1f4b99", "GBP", 2)
    assert answer.headers["Location"] == f"/o/merchants/{row.id}"
    invited = superuser.execute(
        text("SELECT payload ->> 'merchant_id' FROM outbox WHERE event = 'InvitationIssued'")
    ).scalars()
    assert list(invited) == [str(row.id)]
    said = words(page(admin, answer.headers["Location"]))
    assert "Blue Kettle is taken on. An invitation is on its way to Olga@Kettle.example." in said
    assert "Olga Owner Owner olga@kettle.example" in said
    assert "ships within 2 working days, cut-off 14:00" in said


def test_every_field_that_does_not_fit_is_named_and_kept(
    admin: FlaskClient, house: House, superuser: Connection
) -> None:
    wrong = NEW | {
        "code": "k",
        "brand_colour": "blue",
        "shop_url": "kettle.example",
        "currency": "pounds",
        "handling_days": "90",
    }
    answer = send(admin, "/o/merchants/new", "/o/merchants/new", **wrong, site=str(house.site.id))
    said = words(answer.get_data(as_text=True))
    assert answer.status_code == 422
    assert said.count("Enter a whole number from 0 to 60.") == 2
    range_, blank = "Enter a whole number from 0 to 365.", "Enter how many days recipients have."
    for odd, sentence in (("two", range_), ("1.5", range_), ("-1", range_), ("", blank)):
        answer = send(
            admin,
            "/o/merchants/new",
            "/o/merchants/new",
            **(NEW | {"return_days": odd}),
            site=str(house.site.id),
        )
        said = words(answer.get_data(as_text=True))
        assert (answer.status_code, said.count(sentence)) == (422, 2)
        assert f'value="{odd}"' in answer.get_data(as_text=True)
        assert "valid" not in said
    answer = send(
        admin,
        "/o/merchants/new",
        "/o/merchants/new",
        **(wrong | {"handling_days": "9"}),
        site=str(house.site.id),
    )
    html = answer.get_data(as_text=True)
    for sentence in (
        "Use 2 to 20 capital letters, digits and dashes as the code.", "Write the colour as # and six digits",
        "Write the currency as three capital letters", "Begin the shop's address with https://.",
    ):  # fmt: skip
        assert words(html).count(sentence) == 2
    assert 'value="kettle.example"' in html
    assert superuser.execute(text("SELECT count(*) FROM merchants")).scalar() == 2


def test_a_code_in_use_and_an_owner_without_an_address_are_refused_whole(
    admin: FlaskClient, house: House, superuser: Connection
) -> None:
    site = str(house.site.id)
    taken = send(admin, "/o/merchants/new", "/o/merchants/new", **(NEW | {"code": "ACME"}), site=site)
    assert (
        words(taken.get_data(as_text=True)).count("There is a merchant ACME already. Choose another code.")
        == 2
    )
    nobody = send(admin, "/o/merchants/new", "/o/merchants/new", **(NEW | {"owner_email": "olga"}), site=site)
    assert 'id="owner_email-wrong-1"' in nobody.get_data(as_text=True)
    assert 'id="support_email-wrong-1"' not in nobody.get_data(as_text=True)
    assert (taken.status_code, nobody.status_code) == (422, 422)
    strange = send(admin, "/o/merchants/new", "/o/merchants/new", **NEW, site=str(uuid4()))
    assert strange.status_code == 422
    assert superuser.execute(text("SELECT count(*) FROM merchants")).scalar() == 2
    assert (
        superuser.execute(text("SELECT count(*) FROM outbox WHERE event = 'InvitationIssued'")).scalar() == 0
    )


def test_a_clerk_reads_but_neither_takes_on_nor_invites(
    clerk: FlaskClient, house: House, superuser: Connection
) -> None:
    said = words(page(clerk, f"/o/merchants/{house.acme}"))
    assert "Invite somebody" not in said
    assert "TEA Tea thing 8 2 0" in said
    order = f"/o/orders/{house.acme}/{house.order}"
    made = send(clerk, "/o/merchants/new", order, **NEW, site=str(house.site.id))
    invited = send(
        clerk, f"/o/merchants/{house.acme}/people", order, name="X", email="x@x.example", role="owner"
    )
    assert (made.status_code, invited.status_code) == (403, 403)
    assert superuser.execute(text("SELECT count(*) FROM merchants")).scalar() == 2
    assert superuser.execute(text("SELECT count(*) FROM memberships")).scalar() == 0


def test_figures_of_a_merchant_are_links(clerk: FlaskClient, house: House, superuser: Connection) -> None:
    promise(superuser, house.order, days=-1)
    html = page(clerk, f"/o/merchants/{house.acme}")
    assert "1 Late now 0 Due today 0 Waiting for stock 0 Shipped so far" in words(html)
    assert f'href="/o/orders?view=late&amp;merchant={house.acme}"' in html
    listed = words(page(clerk, "/o/merchants"))
    assert "Acme Goods ACME NS warehouse help@acme.example 1 0 0" in listed
    assert "Rival Goods RIVAL NS warehouse help@rival.example 0 0 0" in listed
    assert clerk.get(f"/o/merchants/{uuid4()}").status_code == 404


def test_somebody_more_is_invited_once(admin: FlaskClient, house: House, superuser: Connection) -> None:
    path = f"/o/merchants/{house.acme}"
    for expected in (303, 422):
        answer = send(admin, f"{path}/people", path, name="Vi Viewer", email="vi@acme.example", role="viewer")
        assert answer.status_code == expected
    assert words(answer.get_data(as_text=True)).count("vi@acme.example is a member already.") == 2
    assert (
        superuser.execute(text("SELECT count(*) FROM outbox WHERE event = 'InvitationIssued'")).scalar() == 1
    )
