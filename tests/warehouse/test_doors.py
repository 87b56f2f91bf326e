"""Who comes in on the floor, on which browser, and what others see of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from portal.kernel.scopes import AsOffice
from tests import make, people
from tests.warehouse.tablet import BADGE, PIN, Tablet, at_work, enrolled
from tests.warehouse.test_day import ask, goods

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient

    from portal.kernel.db import Database


def test_a_browser_that_is_no_tablet_lets_nobody_in_by_badge(
    app: Flask, client: FlaskClient, db: Database
) -> None:
    here = make.site(db)
    worker = people.staff(db, "worker", here, badge=BADGE, pin=PIN)
    stranger = client.get("/s/")
    assert (stranger.status_code, stranger.location) == (303, "/s/sign-in")
    page = client.get("/s/sign-in").get_data(as_text=True)
    assert "Not enrolled" in page
    assert "Scan your badge" not in page
    token = people.csrf(client, "/sign-in")
    for path, form in (("/s/sign-in/badge", {"code": BADGE}), (f"/s/sign-in/{worker.id}", {"pin": PIN})):
        answer = client.post(path, data=form | {"csrf_token": token})
        assert answer.status_code == 401
        assert "only on a tablet that a lead has enrolled" in answer.get_data(as_text=True)
    assert ask(db, "SELECT count(*) FROM devices") == [(0,)]


def test_a_worker_with_a_password_works_on_no_other_browser(app: Flask, db: Database) -> None:
    here = make.site(db)
    worker = people.staff(db, "worker", here)
    tablet = Tablet(people.signed_in(app, worker))
    tablet.get("/s/")
    assert (tablet.path, tablet.datum) == ("/s/sign-in", "Not enrolled")


def test_tile_and_pin(app: Flask, db: Database) -> None:
    here = make.site(db)
    worker = people.staff(db, "worker", here, badge=BADGE, pin=PIN)
    tablet = enrolled(app, db, here)
    assert f"/s/sign-in/{worker.id}" in tablet.page
    pad = tablet.get(f"/s/sign-in/{worker.id}")
    token = re.search(r'name="csrf_token" value="([^"]*)"', pad)
    assert token is not None
    wrong = tablet.client.post(f"/s/sign-in/{worker.id}", data={"csrf_token": token.group(1), "pin": "1112"})
    assert wrong.status_code == 401
    assert "This badge or PIN does not open this tablet. Try again, or ask a lead." in wrong.get_data(
        as_text=True
    )
    right = tablet.client.post(f"/s/sign-in/{worker.id}", data={"csrf_token": token.group(1), "pin": PIN})
    assert (right.status_code, right.location) == (303, "/s/")


def test_five_failures_lock_the_tablet_until_a_lead_unlocks_it(app: Flask, db: Database) -> None:
    here = make.site(db)
    people.staff(db, "worker", here, badge=BADGE)
    tablet = enrolled(app, db, here)
    for _ in range(4):
        tablet.scan("WRONG-BADGE")
        assert (tablet.status, tablet.datum) == (401, "Not let in")
    tablet.scan("WRONG-BADGE")
    assert (tablet.status, tablet.datum) == (401, "Locked")
    token = people.csrf(tablet.client, "/sign-in")
    assert (
        tablet.client.post("/s/sign-in/badge", data={"csrf_token": token, "code": BADGE}).status_code == 401
    )
    form = {"csrf_token": token, "email": "lead@operator.example", "password": people.PASSWORD}
    assert tablet.client.post("/sign-in", data=form).status_code == 303
    tablet.get("/s/tablets")
    tablet.press("Unlock")
    assert "The tablet is unlocked." in tablet.page
    tablet.get("/s/")
    tablet.press("Sign out")
    tablet.scan(BADGE)
    assert tablet.path == "/s/"


def test_a_revoked_tablet_puts_its_worker_out(app: Flask, db: Database) -> None:
    here = make.site(db)
    tablet, _ = at_work(app, db, here)
    with db.transaction(AsOffice()) as session:
        from portal.domain.devices.commands import revoke_device
        from portal.domain.devices.queries import list_devices

        [device] = list_devices(session)
        revoke_device(session, device_id=device.id, by=None, at=make.NOW)
    tablet.get("/s/")
    assert (tablet.path, tablet.datum) == ("/s/sign-in", "Not enrolled")
    status, answer = tablet.send("home", "A-01-1")
    assert (status, answer.get("verdict")) in ((401, None), (400, None))


def test_a_session_of_a_tablet_is_good_on_that_tablet_only(app: Flask, db: Database) -> None:
    here = make.site(db)
    tablet, _ = at_work(app, db, here)
    cookie = tablet.client.get_cookie("session")
    assert cookie is not None
    thief = app.test_client()
    thief.set_cookie("session", cookie.value)
    assert thief.get("/s/").location == "/s/sign-in"
    other = enrolled(app, db, here, email="lead2@operator.example")
    other.client.set_cookie("session", cookie.value)
    assert other.client.get("/s/").location == "/s/sign-in"
    assert tablet.client.get("/s/").status_code == 200


def test_the_cookie_of_a_tablet_is_out_of_reach_of_scripts_and_kept_as_a_hash(
    app: Flask, db: Database, superuser: Any
) -> None:
    here = make.site(db)
    tablet = enrolled(app, db, here)
    cookie = tablet.client.get_cookie("device")
    assert cookie is not None
    assert cookie.http_only
    assert cookie.max_age is not None
    assert cookie.max_age >= 300 * 24 * 3600
    rows = superuser.exec_driver_sql(
        "SELECT lookup, secret_hash FROM credentials WHERE kind = 'device'"
    ).all()
    assert len(rows) == 1
    assert cookie.value not in rows[0]


def test_workers_do_not_lead(app: Flask, db: Database) -> None:
    here = make.site(db)
    tablet, _ = at_work(app, db, here)
    for path in ("/s/enrol", "/s/tablets"):
        assert tablet.client.get(path).status_code == 403
    assert "Tablets and walks" not in tablet.get("/s/")


def test_other_audiences_find_no_floor(app: Flask, db: Database) -> None:
    here = make.site(db)
    acme = make.merchant(db, here)
    for person in (people.member(db, acme), people.staff(db, "clerk")):
        client = people.signed_in(app, person)
        for path in ("/s/", "/s/pick", "/s/pack", "/s/ship", "/s/receive", "/s/look-up", "/s/tablets"):
            assert client.get(path).status_code == 404, path


def test_a_worker_of_another_site_sees_nothing_of_this_one(app: Flask, db: Database) -> None:
    here, acme, tea, _ = goods(db)
    make.order(db, acme, {tea: 1})
    tablet, _ = at_work(app, db, here)
    tablet.press("Pick")
    for code in ("A-01-1", "TEA-BC", "T-01", "TEA-BC"):
        tablet.scan(code)
    number = tablet.path.rpartition("/")[2]

    there = make.site(db, code="SS")
    people.staff(db, "worker", there, email="far@operator.example", badge="BADGE-FAR-01")
    far = enrolled(app, db, there, email="farlead@operator.example")
    far.scan("BADGE-FAR-01")
    assert far.datum == "Receive"
    assert "All shipped" in far.get("/s/ship")
    assert far.client.get(f"/s/parcels/{number}").status_code == 404
    assert far.client.get(f"/s/parcels/{number}/documents/label_pdf").status_code == 404
    assert far.client.get(f"/s/parcels/{number}/carrier").status_code == 404
    far.get("/s/ship")
    far.scan(number)
    assert (far.status, far.datum) == (422, "No such label")
    assert ask(db, "SELECT state FROM parcels") == [("packed",)]
    far.get("/s/")
    far.scan(BADGE)
    assert far.status == 422
    assert far.client.get("/s/tablets").status_code == 403


def test_sign_out_by_command_barcode(app: Flask, db: Database) -> None:
    here = make.site(db)
    tablet, _ = at_work(app, db, here)
    tablet.scan("CMD-SIGN-OUT")
    assert tablet.path == "/s/sign-in"
    assert tablet.client.get("/s/").location == "/s/sign-in"


def test_every_screen_opens(app: Flask, db: Database) -> None:
    here, acme, tea, _ = goods(db)
    tablet, _ = at_work(app, db, here)
    paths = ["/s/", "/s/pick", "/s/pick/more", "/s/pick/short", "/s/pack", "/s/ship", "/s/receive", "/s/receive?code=TEA",
             "/s/receive?code=nothing", f"/s/receive?merchant={acme}&sku={tea}", "/s/look-up", "/s/look-up?code=A-01-1",
             "/s/look-up?code=TEA-BC", "/s/look-up?code=nothing", "/s/set-up", "/s/commands"]  # fmt: skip
    for path in paths:
        assert tablet.client.get(path).status_code == 200, path
    for path in (
        "/s/receive?merchant=x&sku=y",
        f"/s/receive?merchant={acme}&sku={acme}",
        "/s/parcels/PY000000001",
    ):
        assert tablet.client.get(path).status_code == 404, path
    page = tablet.get("/s/set-up")
    assert "Label and slip print by themselves: <b>on</b>" in page
    tablet.press("Turn off")
    assert "Label and slip print by themselves: <b>off</b>" in tablet.page
