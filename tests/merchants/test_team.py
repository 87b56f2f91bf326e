"""Who belongs to a merchant, and the tokens of its machines."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from portal.kernel.db import run
from portal.kernel.scopes import AsOffice
from tests import people
from tests.merchants.shop import Shop, shop
from tests.merchants.test_orders import post, words
from tests.people import signed_in

if TYPE_CHECKING:
    from flask import Flask

    from portal.kernel.db import Database


@pytest.fixture
def here(db: Database) -> Shop:
    return shop(db)


def roles(db: Database, shop: Shop) -> dict[str, str]:
    with db.transaction(AsOffice(), read_only=True) as session:
        rows = run(
            session,
            "SELECT u.email, m.role FROM memberships m JOIN users u ON u.id = m.user_id WHERE m.merchant_id = :m",
            {"m": shop.id},
        )
    return {row[0]: row[1] for row in rows}


EVERYBODY = {
    "owner@juniper.example": "owner",
    "member@juniper.example": "member",
    "viewer@juniper.example": "viewer",
}


def test_an_owner_invites_and_the_mail_is_on_its_way(db: Database, app: Flask, here: Shop) -> None:
    client = signed_in(app, here.owner)
    answer = post(client, "/m/team", "/m/team", name="Bea", email="Bea@Juniper.example", role="member")
    assert answer.status_code == 303
    assert roles(db, here) == EVERYBODY | {"bea@juniper.example": "member"}
    with db.transaction(AsOffice(), read_only=True) as session:
        assert len(run(session, "SELECT 1 FROM outbox WHERE event LIKE '%InvitationIssued'")) == 1
    assert "An invitation is on its way to Bea@Juniper.example." in words(client, "/m/team")


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"name": "Bea", "email": "bea", "role": "member"}, "is no e-mail address"),
        ({"name": "", "email": "bea@juniper.example", "role": "member"}, "Enter the person&#39;s name."),
        ({"name": "Bea", "email": "member@juniper.example", "role": "viewer"}, "is a member already"),
        ({"name": "Bea", "email": "bea@juniper.example", "role": "admin"}, "Choose one of the roles."),
    ],
)
def test_an_invitation_that_does_not_fit(
    db: Database, app: Flask, here: Shop, form: dict[str, str], sentence: str
) -> None:
    client = signed_in(app, here.owner)
    answer = post(client, "/m/team", "/m/team", **form)
    assert answer.status_code == 422
    assert sentence in answer.get_data(as_text=True)
    assert roles(db, here) == EVERYBODY


def test_the_last_owner_stays(db: Database, app: Flask, here: Shop) -> None:
    client = signed_in(app, here.owner)
    assert "The only owner. Make somebody else an owner first." in words(client, "/m/team")
    for deed, form in (("remove", {}), ("role", {"role": "viewer"})):
        answer = post(client, f"/m/team/{here.owner.id}/{deed}", "/m/team", **form)
        assert answer.status_code == 409
        assert "This is the only owner. Make somebody else an owner first." in answer.get_data(as_text=True)
    assert roles(db, here) == EVERYBODY
    assert post(client, f"/m/team/{here.member.id}/role", "/m/team", role="owner").status_code == 303
    assert post(client, f"/m/team/{here.owner.id}/role", "/m/team", role="viewer").status_code == 303
    assert roles(db, here) == EVERYBODY | {
        "member@juniper.example": "owner",
        "owner@juniper.example": "viewer",
    }
    assert post(client, f"/m/team/{here.member.id}/role", "/m/imports", role="viewer").status_code == 403, (
        "no owner any more"
    )


def test_whoever_is_removed_is_out_with_the_next_request(db: Database, app: Flask, here: Shop) -> None:
    gone = signed_in(app, here.member)
    assert gone.get("/m/").status_code == 200
    assert post(signed_in(app, here.owner), f"/m/team/{here.member.id}/remove", "/m/team").status_code == 303
    answer = gone.get("/m/")
    assert (answer.status_code, answer.location) == (303, "/sign-in?next=merchants.home")
    assert gone.get("/sign-in").status_code == 200


def test_only_owners_manage(db: Database, app: Flask, here: Shop) -> None:
    for person in (here.member, here.viewer):
        client = signed_in(app, person)
        page = client.get("/m/team").get_data(as_text=True)
        assert page.count("<form") == 2, "only the search and the sign-out"
        assert (
            post(client, "/m/team", "/m/imports", name="Eve", email="eve@x.example", role="owner").status_code
            == 403
        )
        assert post(client, f"/m/team/{person.id}/role", "/m/imports", role="owner").status_code == 403
        assert post(client, f"/m/team/{here.owner.id}/remove", "/m/imports").status_code == 403
        refused = client.get("/m/developers")
        assert refused.status_code == 403
        assert f"As {person.role} you may not see or make tokens." in refused.get_data(as_text=True)
    assert roles(db, here) == EVERYBODY


def test_a_rival_finds_nobody(db: Database, app: Flask, here: Shop) -> None:
    rival = signed_in(app, people.member(db, here.rival))
    assert "juniper.example" not in words(rival, "/m/team")
    assert post(rival, f"/m/team/{here.viewer.id}/remove", "/m/team").status_code == 404
    assert post(rival, f"/m/team/{here.viewer.id}/role", "/m/team", role="owner").status_code == 404
    assert roles(db, here) == EVERYBODY


def test_a_token_is_shown_once_and_works_until_it_is_revoked(app: Flask, here: Shop) -> None:
    client = signed_in(app, here.owner)
    made = post(client, "/m/developers", "/m/developers", name="Shop", **{"scopes[]": ["orders.read"]})
    page = made.get_data(as_text=True)
    [secret] = re.findall(r'<p class="secret">(pyd_live_[0-9A-Za-z_]+)</p>', page)
    assert (
        f"curl -H &#34;Authorization: Bearer {secret}&#34; &#34;http://127.0.0.1:8000/api/v1/orders&#34;"
        in page.replace('"', "&#34;")
    )
    assert made.headers["Cache-Control"] == "no-store"
    machine = app.test_client()
    bearer = {"Authorization": f"Bearer {secret}"}
    assert machine.get("/api/v1/orders", headers=bearer).status_code == 200
    listed = client.get("/m/developers").get_data(as_text=True)
    assert secret not in listed
    assert f"{secret[:12]}…{secret[-13:-9]}" in listed
    [revoke] = re.findall(r'action="(/m/developers/[^"]+/revoke)"', listed)
    assert post(client, revoke, "/m/developers").status_code == 303
    assert machine.get("/api/v1/orders", headers=bearer).status_code == 401
    assert post(client, revoke, "/m/developers").status_code == 404


def test_a_token_needs_a_name_and_something_to_do(app: Flask, here: Shop) -> None:
    client = signed_in(app, here.owner)
    answer = post(client, "/m/developers", "/m/developers", name="", **{"scopes[]": ["orders.read"]})
    assert answer.status_code == 422
    assert answer.get_data(as_text=True).count("Name the token after what uses it.") == 2
    answer = post(client, "/m/developers", "/m/developers", name="Shop")
    assert answer.status_code == 422
    assert 'href="#scopes"' in answer.get_data(as_text=True)
    answer = post(client, "/m/developers", "/m/developers", name="Shop", **{"scopes[]": ["team.manage"]})
    assert answer.status_code == 422
    assert "No tokens yet" in words(client, "/m/developers")


def test_a_rival_cannot_revoke(db: Database, app: Flask, here: Shop) -> None:
    secret = people.token(db, here.id)
    [revoke] = re.findall(
        r'action="(/m/developers/[^"]+/revoke)"',
        signed_in(app, here.owner).get("/m/developers").get_data(as_text=True),
    )
    rival = signed_in(app, people.member(db, here.rival))
    assert post(rival, revoke, "/m/developers").status_code == 404
    assert (
        app.test_client().get("/api/v1/orders", headers={"Authorization": f"Bearer {secret}"}).status_code
        == 200
    )
