"""Reads of devices and of the people who may sign in on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from portal.domain.accounts.queries import find_credential
from portal.domain.devices.models import Device
from portal.kernel.db import run
from portal.kernel.ids import digest

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class FoundDevice:
    """An enrolled tablet that shows itself by its secret."""

    id: UUID
    name: str
    site_id: UUID
    site_name: str
    locked: bool


@dataclass(frozen=True, slots=True)
class Tile:
    """A person who may sign in on a site's tablets."""

    user_id: UUID
    display_name: str
    role: str
    has_pin: bool


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """A tablet as leads and the office see it."""

    id: UUID
    site_id: UUID
    name: str
    enrolled_at: datetime
    revoked_at: datetime | None
    locked_at: datetime | None
    failed_sign_ins: int
    last_seen_at: datetime | None


def find_device(session: Session, secret: str) -> FoundDevice | None:
    """Return the tablet that keeps this secret, or None when it was never enrolled or was revoked. At the gate only."""
    found = find_credential(session, "device", digest(secret))
    if found is None or found.subject_id is None:
        return None
    rows = run(
        session, "SELECT id, name, site_id, site_name, locked FROM device_find(:id)", {"id": found.subject_id}
    )
    return FoundDevice(*rows[0]) if rows else None


def tiles(session: Session, site_id: UUID) -> list[Tile]:
    """Return the people of a site's floor, by name. At the gate only."""
    rows = run(
        session, "SELECT user_id, display_name, role, has_pin FROM site_workers(:site)", {"site": site_id}
    )
    return [Tile(*row) for row in rows]


def list_devices(session: Session) -> list[DeviceRow]:
    """Return the tablets that the scope sees: those at work first, by name."""
    d = Device
    rows = session.execute(
        select(
            d.id,
            d.site_id,
            d.name,
            d.enrolled_at,
            d.revoked_at,
            d.locked_at,
            d.failed_sign_ins,
            d.last_seen_at,
        ).order_by(d.revoked_at.is_not(None), d.name, d.enrolled_at)
    )
    return [DeviceRow(*row) for row in rows]
