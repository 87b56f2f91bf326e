"""Who gets in, how long, and what each may: sessions that end at once, one sentence for every refusal, cookies that stay here."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from portal import create_app
from portal.domain.accounts.commands.passwords import issue_link
from portal.kernel import clock
from portal.kernel.scopes import AsMerchant
from portal.web.access import permit, require_permissions
from tests import make, people
from tests.people import PASSWORD, csrf, signed_in

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient

    from portal.config import Config
    from portal.kernel.db import Database


@pytest.fixture
def owner(db: Database) -> people.Person:
    return people.member(db, make.merchant(db, make.site(db)), email="owner@acme.example")


def try_to_enter(client: FlaskClient, email: str, password: str, **more: str) -> Any:
    return client.post(
        "/sign-in", data={"email": email, "password": password, "csrf_token": csrf(client, "/sign-in")} | more
    )


# Permissions.


def test_every_route_declares_who_may(app: Flask) -> None:
    assert all(hasattr(view, "permissions") for view in app.view_functions.values())
    open_to_all = {name for name, view in app.view_functions.items() if not view.permissions}  # type: ignore[attr-defined]  # a view carries what it needs
    assert not {name for name in open_to_all if name.startswith(("merchants.", "office.", "api."))} - {
        "api.openapi",
        "api.describe",
    }


def test_a_route_without_a_permission_stops_the_start(app: Flask) -> None:
    app.view_functions["forgotten"] = lambda: "secret"
    with pytest.raises(
        RuntimeError, match=r"declare no permission; add @permit\(…\) or @permit\.public: forgotten\."
    ):
        require_permissions(app)


def test_a_route_is_closed_by_its_permission_alone(app: Flask, db: Database) -> None:
    # A view that forgets every check of its own is still closed to whoever lacks the permission.
    view = permit("team.manage")(lambda: "secret")
    app.view_functions["merchants.team"] = view
    merchant_id = make.merchant(db, make.site(db))
    assert signed_in(app, people.member(db, merchant_id, "viewer")).get("/m/team").status_code == 403
    assert (
        signed_in(app, people.member(db, merchant_id, "owner")).get("/m/team").get_data(as_text=True)
        == "secret"
    )


@pytest.mark.parametrize(
    "path", ["/m/", "/m/orders", "/m/imports", "/m/stock", "/m/team", "/m/developers", "/o/"]
)
def test_strangers_are_led_to_the_sign_in(app: Flask, path: str) -> None:
    answer = app.test_client().get(path)
    assert answer.status_code == 303
    assert answer.location.startswith("/sign-in")


def test_a_strangers_form_is_refused(app: Flask) -> None:
    client = app.test_client()
    answer = client.post(
        "/m/stock/new", data={"code": "X", "name": "X", "csrf_token": csrf(client, "/sign-in")}
    )
    assert answer.status_code == 401


def test_another_audience_finds_no_such_door(app: Flask, db: Database, owner: people.Person) -> None:
    clerk = people.staff(db, "clerk")
    assert signed_in(app, clerk).get("/m/orders").status_code == 404
    assert signed_in(app, owner).get("/o/").status_code == 404


# Sessions.


def test_the_cookie_stays_with_this_host_and_out_of_scripts(app: Flask, owner: people.Person) -> None:
    answer = try_to_enter(app.test_client(), owner.email, PASSWORD)
    [cookie] = [value for value in answer.headers.getlist("Set-Cookie") if value.startswith("session=")]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie
    assert "Secure" not in cookie, "the base address is http on loopback"


def test_over_https_cookies_are_secure_and_bound_to_the_host(
    config: Config, db: Database, owner: people.Person
) -> None:
    app = create_app(replace(config, base_url="https://portal.example"))
    client = app.test_client()
    page = client.get("/sign-in", base_url="https://portal.example")
    token = page.get_data(as_text=True).partition('name="csrf_token" value="')[2].partition('"')[0]
    answer = client.post(
        "/sign-in", data={"email": owner.email, "password": PASSWORD, "csrf_token": token}, base_url="https://portal.example",
        headers={"Referer": "https://portal.example/sign-in"},
    )  # fmt: skip
    assert answer.status_code == 303
    for cookie in answer.headers.getlist("Set-Cookie"):
        assert cookie.startswith("__Host-")
        assert "Secure" in cookie
        assert "HttpOnly" in cookie
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    app.extensions["database"].dispose()


def test_signing_out_ends_the_session_and_not_only_the_cookie(app: Flask, owner: people.Person) -> None:
    client = signed_in(app, owner)
    cookie = client.get_cookie("session")
    assert cookie is not None
    client.post("/sign-out", data={"csrf_token": csrf(client, "/m/")})
    thief = app.test_client()
    thief.set_cookie("session", cookie.value)
    assert thief.get("/m/").status_code == 303


def test_every_session_ends_at_once(app: Flask, owner: people.Person) -> None:
    phone, desk = signed_in(app, owner), signed_in(app, owner)
    desk.post("/profile/sign-out-everywhere", data={"csrf_token": csrf(desk, "/profile")})
    assert (phone.get("/m/").status_code, desk.get("/m/").status_code) == (303, 303)


def test_a_new_password_ends_the_other_sessions(app: Flask, owner: people.Person) -> None:
    phone, desk = signed_in(app, owner), signed_in(app, owner)
    form = {
        "old": PASSWORD,
        "password": "another four words here",
        "again": "another four words here",
        "csrf_token": csrf(desk, "/profile"),
    }
    assert desk.post("/profile/password", data=form).status_code == 303
    assert (phone.get("/m/").status_code, desk.get("/m/").status_code) == (303, 200)
    assert try_to_enter(app.test_client(), owner.email, PASSWORD).status_code == 401


def test_a_session_that_nobody_uses_ends(app: Flask, owner: people.Person) -> None:
    client = signed_in(app, owner)
    with clock.frozen(clock.now() + timedelta(hours=13)):
        assert client.get("/m/").status_code == 303
    assert client.get("/m/").status_code == 303, "it stays ended"


@pytest.mark.parametrize("cookie", ["", "x", "0" * 32, "' OR 1=1 --", "é" * 32, "a" * 4000])
def test_a_made_up_cookie_is_nobody(app: Flask, cookie: str) -> None:
    client = app.test_client()
    client.set_cookie("session", cookie)
    assert client.get("/m/").status_code == 303


def test_whoever_belongs_to_two_merchants_acts_for_one_at_a_time(app: Flask, db: Database) -> None:
    here = make.site(db)
    acme, rival = make.merchant(db, here, code="ACME"), make.merchant(db, here, code="RIVAL")
    person = people.member(db, acme, "owner", email="both@shop.example")
    people.member(db, rival, "viewer", email="both@shop.example")
    client = signed_in(app, person)
    assert client.get("/choose").get_data(as_text=True).count("/choose/") == 2
    client.post(f"/choose/{rival}", data={"csrf_token": csrf(client, "/choose")})
    assert "Rival Goods" in client.get("/m/").get_data(as_text=True)
    assert client.get("/m/developers").status_code == 403, "a viewer there"
    stranger = make.merchant(db, here, code="THIRD")
    assert client.post(f"/choose/{stranger}", data={"csrf_token": csrf(client, "/choose")}).status_code == 404
    assert "Rival Goods" in client.get("/m/").get_data(as_text=True)


# The way in.


@pytest.mark.parametrize(
    ("email", "password"), [("owner@acme.example", "not the right one"), ("nobody@acme.example", PASSWORD)]
)
def test_one_sentence_for_every_cause(app: Flask, owner: people.Person, email: str, password: str) -> None:
    answer = try_to_enter(app.test_client(), email, password)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 401
    assert page.count("This e-mail address and password do not belong together.") == 2
    assert f'value="{email}"' in page
    assert password not in page
    assert not [cookie for cookie in answer.headers.getlist("Set-Cookie") if cookie.startswith("session=")]


def test_tries_are_counted_for_each_account(app: Flask, owner: people.Person) -> None:
    client = app.test_client()
    answers = [try_to_enter(client, owner.email, "not the right one").status_code for _ in range(11)]
    assert answers == [401] * 10 + [429]
    assert try_to_enter(client, owner.email, PASSWORD).status_code == 429, "the right one too"
    assert try_to_enter(client, "somebody@acme.example", PASSWORD).status_code == 401, (
        "another account is not shut"
    )


@pytest.mark.parametrize(
    ("wanted", "led_to"),
    [
        ("merchants.stock", "/m/stock"), ("merchants.orders", "/m/orders"), ("https://evil.example", "/m/"), ("//evil.example", "/m/"),
        ("/m/team", "/m/"), ("sign_in.leave", "/m/"), ("office.home\r\nX: y", "/m/"),
    ],
)  # fmt: skip
def test_after_the_sign_in_only_pages_by_name(
    app: Flask, owner: people.Person, wanted: str, led_to: str
) -> None:
    answer = try_to_enter(app.test_client(), owner.email, PASSWORD, next=wanted)
    assert (answer.status_code, answer.location) == (303, led_to)


def test_a_link_works_once(app: Flask, db: Database, owner: people.Person) -> None:
    merchant_id = make.merchant(db, make.site(db, code="SS"), code="OTHER")
    with db.transaction(AsMerchant(merchant_id)) as session:
        secret = issue_link(
            session, kind="invitation", user_id=owner.id, merchant_id=merchant_id, at=clock.now()
        )
    client, path = app.test_client(), f"/invitation/{secret}"
    short = client.post(path, data={"password": "short", "again": "short", "csrf_token": csrf(client, path)})
    assert short.status_code == 422
    assert "at least 12 characters" in short.get_data(as_text=True)
    form = {
        "password": "another four words here",
        "again": "another four words here",
        "csrf_token": csrf(client, path),
    }
    assert client.post(path, data=form).status_code == 303
    assert client.get("/m/").status_code == 200
    again = app.test_client().get(path)
    assert again.status_code == 404
    assert "This link was used already or is too old." in again.get_data(as_text=True)


def test_asking_for_a_password_tells_nobody_who_has_an_account(app: Flask, owner: people.Person) -> None:
    pages: list[str] = []
    for email in (owner.email, "nobody@acme.example"):
        client = app.test_client()
        answer = client.post("/forgot", data={"email": email, "csrf_token": csrf(client, "/forgot")})
        assert (answer.status_code, answer.location) == (303, "/sign-in")
        pages.append(client.get("/sign-in").get_data(as_text=True).partition("<form")[0])
    assert pages[0] == pages[1]
    assert "a mail with a link is on its way" in pages[0]
