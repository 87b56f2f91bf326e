"""Signing in on a tablet, by badge or by tile and PIN. Good only on an enrolled tablet of the worker's own site.

A try is counted before it is looked at, under the lock of the tablet's row: tries that come at the same time are judged one
after another, so five wrong ones lock the tablet however they come.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.domain.accounts.commands.sessions import open_session
from portal.domain.accounts.passwords import is_right
from portal.domain.accounts.queries import find_credential, find_principals
from portal.kernel.db import run
from portal.kernel.ids import digest

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

    from portal.domain.accounts.queries import CredentialRow
    from portal.domain.devices.queries import FoundDevice

MOST_FAILURES = 5
WRONG = "This badge or PIN does not open this tablet. Try again, or ask a lead."


def enter_by_badge(session: Session, *, device: FoundDevice, code: str, at: datetime) -> str | None:
    """Open a session for the worker whose badge was scanned; return its secret, or None (one answer for every cause)."""
    if not count_sign_in(session, device_id=device.id):
        return None
    found = find_credential(session, "badge", digest(code.strip()))
    return _open(session, device, found, at)


def enter_by_pin(
    session: Session, *, device: FoundDevice, user_id: UUID, pin: str, at: datetime
) -> str | None:
    """Open a session for the worker of a tile who typed the PIN; return its secret, or None (one answer for every cause)."""
    if not count_sign_in(session, device_id=device.id):
        is_right(None, pin)
        return None
    found = find_credential(session, "pin", str(user_id))
    right = is_right(found.secret_hash if found else None, pin)
    return _open(session, device, found if right else None, at)


def count_sign_in(session: Session, *, device_id: UUID) -> bool:
    """Count a try on a tablet as failed until it has succeeded; say whether it may be looked at at all."""
    rows = run(session, "SELECT failed FROM device_sign_in(:id, false)", {"id": device_id})
    return bool(rows) and rows[0].failed <= MOST_FAILURES


def _open(session: Session, device: FoundDevice, found: CredentialRow | None, at: datetime) -> str | None:
    if found is None or found.user_id is None or found.site_id != device.site_id:
        return None
    people = find_principals(session, found.user_id)
    if not any(person.kind == "staff" and person.site_id == device.site_id for person in people):
        return None
    run(session, "SELECT device_sign_in(:id, true)", {"id": device.id})
    return open_session(session, user_id=found.user_id, at=at, site_id=device.site_id, device_id=device.id)
