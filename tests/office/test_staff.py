"""Staff, badges and PINs; tablets."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from sqlalchemy import text

from portal.domain.devices.commands import enrol_device
from portal.kernel.scopes import AsFloor
from tests import make, people
from tests.office.conftest import page, send, words

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from sqlalchemy import Connection

    from portal.kernel.db import Database
    from tests.office.conftest import House


def test_a_worker_is_taken_on_and_gets_badge_and_pin(
    admin: FlaskClient, house: House, superuser: Connection
) -> None:
    answer = send(
        admin,
        "/o/staff",
        "/o/staff",
        name="Wes Worker",
        email="wes@op.example",
        role="worker",
        site=str(house.site.id),
    )
    path = answer.headers["Location"]
    assert answer.status_code == 303
    assert "Worker at NS warehouse" in words(page(admin, path))
    assert "Wes Worker wes@op.example Worker NS warehouse" in words(page(admin, "/o/staff"))
    assert send(admin, f"{path}/badge", path, code="PYB-00077").status_code == 303
    assert send(admin, f"{path}/pin", path, pin="482913").status_code == 303
    kinds = superuser.execute(
        text(
            "SELECT kind FROM credentials WHERE user_id = (SELECT id FROM users WHERE email = 'wes@op.example') ORDER BY kind"
        )
    ).scalars()
    assert list(kinds) == ["badge", "pin"]


def test_mistakes_are_named_and_nothing_is_kept(
    admin: FlaskClient, db: Database, house: House, superuser: Connection
) -> None:
    lonely = send(admin, "/o/staff", "/o/staff", name="Wes", email="wes@op.example", role="worker", site="")
    assert words(lonely.get_data(as_text=True)).count("A worker belongs to one site.") == 2
    assert 'value="wes@op.example"' in lonely.get_data(as_text=True)
    housed = send(
        admin, "/o/staff", "/o/staff", name="C", email="c@op.example", role="clerk", site=str(house.site.id)
    )
    assert words(housed.get_data(as_text=True)).count("A clerk belongs to no site.") == 2
    assert superuser.execute(text("SELECT count(*) FROM staff_members")).scalar() == 1
    first = people.staff(db, "worker", house.site, badge="PYB-00001")
    second = people.staff(db, "lead", house.site, badge="PYB-00002")
    taken = send(admin, f"/o/staff/{second.id}/badge", f"/o/staff/{second.id}", code="PYB-00001")
    assert words(taken.get_data(as_text=True)).count("This one is in use already. Choose another.") == 2
    short = send(admin, f"/o/staff/{first.id}/pin", f"/o/staff/{first.id}", pin="1")
    assert (taken.status_code, short.status_code) == (422, 422)
    assert 'value="1"' not in short.get_data(as_text=True)
    superuser.rollback()
    badges = superuser.execute(
        text("SELECT count(*) FROM credentials WHERE kind = 'badge' AND revoked_at IS NULL")
    )
    assert badges.scalar() == 2
    assert superuser.execute(text("SELECT count(*) FROM credentials WHERE kind = 'pin'")).scalar() == 0


def test_office_people_have_no_badges(admin: FlaskClient, db: Database, house: House) -> None:
    clerk = people.staff(db, "clerk")
    assert admin.get(f"/o/staff/{clerk.id}").status_code == 404
    assert send(admin, f"/o/staff/{clerk.id}/badge", "/o/staff", code="PYB-00003").status_code == 404
    assert admin.get(f"/o/staff/{uuid4()}").status_code == 404


def test_tablets_are_revoked_and_unlocked(
    admin: FlaskClient, db: Database, house: House, superuser: Connection
) -> None:
    assert "No tablets yet" in words(page(admin, "/o/tablets"))
    with db.transaction(AsFloor(house.site.id)) as session:
        tablet, _ = enrol_device(session, site_id=house.site.id, name="Bench 1", by=None, at=make.NOW)
    superuser.exec_driver_sql("UPDATE devices SET locked_at = now(), failed_sign_ins = 5")
    superuser.commit()
    assert "NS warehouse Mon 23 Nov, 09:30 Never 5 Locked" in words(page(admin, "/o/tablets"))
    assert send(admin, f"/o/tablets/{tablet}/unlock", "/o/tablets").status_code == 303
    assert "Never 0 At work Revoke" in words(page(admin, "/o/tablets"))
    assert send(admin, f"/o/tablets/{tablet}/revoke", "/o/tablets").status_code == 303
    said = words(page(admin, "/o/tablets"))
    assert "The tablet is revoked. A lead has to enrol it anew before it can be used." in said
    assert "Never 0 Revoked" in said
    live = "SELECT count(*) FROM credentials WHERE kind = 'device' AND revoked_at IS NULL"
    assert superuser.execute(text(live)).scalar() == 0
    assert send(admin, f"/o/tablets/{uuid4()}/revoke", "/o/staff").status_code == 404
