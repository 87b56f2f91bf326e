"""Signing in on a tablet: badge and PIN work on an enrolled tablet of the worker's site and nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from sqlalchemy import text

from portal.domain.accounts.queries import find_session
from portal.domain.devices.commands import (
    enrol_device,
    enter_by_badge,
    enter_by_pin,
    revoke_device,
    unlock_device,
)
from portal.domain.devices.queries import find_device, list_devices, tiles
from portal.kernel.errors import NotFoundError, UnprocessableError
from portal.kernel.ids import digest
from portal.kernel.scopes import AsFloor, AtGate
from tests import make, people

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from portal.domain.devices.queries import FoundDevice
    from portal.kernel.db import Database

BADGE, PIN = "BADGE-000001", "4071"


def enrolled(db: Database, site: make.Site3PL) -> tuple[UUID, str]:
    with db.transaction(AsFloor(site.id)) as session:
        return enrol_device(session, site_id=site.id, name="  Cart   tablet 1 ", by=None, at=make.NOW)


def found(db: Database, secret: str) -> FoundDevice | None:
    with db.transaction(AtGate(), read_only=True) as session:
        return find_device(session, secret)


def badge(db: Database, secret: str, code: str) -> str | None:
    device = found(db, secret)
    assert device is not None
    with db.transaction(AtGate()) as session:
        return enter_by_badge(session, device=device, code=code, at=make.NOW)


def pin(db: Database, secret: str, user_id: UUID, digits: str) -> str | None:
    device = found(db, secret)
    assert device is not None
    with db.transaction(AtGate()) as session:
        return enter_by_pin(session, device=device, user_id=user_id, pin=digits, at=make.NOW)


def test_an_enrolled_tablet_is_found_by_its_secret_alone(db: Database) -> None:
    here = make.site(db)
    device_id, secret = enrolled(db, here)
    device = found(db, secret)
    assert device is not None
    assert (device.id, device.name, device.site_id, device.site_name, device.locked) == (
        device_id,
        "Cart tablet 1",
        here.id,
        "NS warehouse",
        False,
    )
    assert found(db, secret[:-1] + ("a" if secret[-1] != "a" else "b")) is None
    assert found(db, str(device_id)) is None


@pytest.mark.parametrize("name", ["", "   ", "x" * 41])
def test_a_tablet_needs_a_name(db: Database, name: str) -> None:
    here = make.site(db)
    with db.transaction(AsFloor(here.id)) as session:
        with pytest.raises(UnprocessableError, match="1 to 40 characters"):
            enrol_device(session, site_id=here.id, name=name, by=None, at=make.NOW)
        assert list_devices(session) == []


def test_badge_and_pin_open_a_session_bound_to_tablet_and_site(db: Database) -> None:
    here = make.site(db)
    worker = people.staff(db, "worker", here, badge=BADGE, pin=PIN)
    device_id, secret = enrolled(db, here)
    for session_secret in (badge(db, secret, BADGE), pin(db, secret, worker.id, PIN)):
        assert session_secret is not None
        with db.transaction(AtGate(), read_only=True) as session:
            [row] = find_session(session, digest(session_secret))
        assert (row.user_id, row.device_id, row.session_site_id) == (worker.id, device_id, here.id)


def test_tiles_show_the_people_of_the_site(db: Database) -> None:
    here, there = make.site(db), make.site(db, code="SS")
    worker = people.staff(db, "worker", here, email="a@operator.example", pin=PIN)
    people.staff(db, "worker", there, email="b@operator.example", pin=PIN)
    with db.transaction(AtGate(), read_only=True) as session:
        [tile] = tiles(session, here.id)
    assert (tile.user_id, tile.role, tile.has_pin) == (worker.id, "worker", True)


def test_people_of_another_site_and_office_staff_do_not_come_in(db: Database) -> None:
    here, there = make.site(db), make.site(db, code="SS")
    stranger = people.staff(db, "worker", there, badge=BADGE, pin=PIN)
    _, secret = enrolled(db, here)
    assert badge(db, secret, BADGE) is None
    assert pin(db, secret, stranger.id, PIN) is None
    assert pin(db, secret, make.new_order({}).id, PIN) is None


def test_five_failures_lock_the_tablet_until_it_is_unlocked(db: Database) -> None:
    here = make.site(db)
    worker = people.staff(db, "worker", here, badge=BADGE, pin=PIN)
    device_id, secret = enrolled(db, here)
    for _ in range(4):
        assert pin(db, secret, worker.id, "9998") is None
    device = found(db, secret)
    assert device is not None
    assert not device.locked
    assert badge(db, secret, "no such badge") is None
    device = found(db, secret)
    assert device is not None
    assert device.locked
    assert pin(db, secret, worker.id, PIN) is None
    assert badge(db, secret, BADGE) is None
    with db.transaction(AsFloor(here.id)) as session:
        unlock_device(session, device_id=device_id, by=None, at=make.NOW)
    assert pin(db, secret, worker.id, PIN) is not None


def test_a_good_try_takes_back_itself_and_buys_no_guesses(db: Database) -> None:
    here = make.site(db)
    victim = people.staff(db, "worker", here, email="a@operator.example", pin=PIN)
    people.staff(db, "worker", here, email="b@operator.example", badge=BADGE)
    _, secret = enrolled(db, here)
    for _ in range(4):
        assert pin(db, secret, victim.id, "9998") is None
        assert badge(db, secret, BADGE) is not None
    assert pin(db, secret, victim.id, "9998") is None
    device = found(db, secret)
    assert device is not None
    assert device.locked


def test_a_quarter_of_an_hour_without_failures_starts_the_count_again(
    db: Database, superuser: Connection
) -> None:
    here = make.site(db)
    worker = people.staff(db, "worker", here, badge=BADGE, pin=PIN)
    _, secret = enrolled(db, here)
    for _ in range(4):
        assert pin(db, secret, worker.id, "9998") is None
    superuser.execute(text("UPDATE devices SET last_failed_at = last_failed_at - interval '16 minutes'"))
    superuser.commit()
    assert pin(db, secret, worker.id, "9998") is None
    device = found(db, secret)
    assert device is not None
    assert not device.locked


def test_a_revoked_tablet_is_a_stranger(db: Database) -> None:
    here = make.site(db)
    device_id, secret = enrolled(db, here)
    with db.transaction(AsFloor(here.id)) as session:
        revoke_device(session, device_id=device_id, by=None, at=make.NOW)
    assert found(db, secret) is None
    with db.transaction(AsFloor(here.id)) as session, pytest.raises(NotFoundError):
        unlock_device(session, device_id=device_id, by=None, at=make.NOW)


def test_another_site_cannot_touch_a_tablet(db: Database) -> None:
    here, there = make.site(db), make.site(db, code="SS")
    device_id, secret = enrolled(db, here)
    for command in (revoke_device, unlock_device):
        with db.transaction(AsFloor(there.id)) as session, pytest.raises(NotFoundError):
            command(session, device_id=device_id, by=None, at=make.NOW)
    assert found(db, secret) is not None
