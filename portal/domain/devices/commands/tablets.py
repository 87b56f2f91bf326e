"""Enrolling, revoking and unlocking tablets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import insert, update

from portal.domain.accounts.commands.audit import note_audit
from portal.domain.accounts.commands.credentials import NewCredential, put_credential, revoke_credentials
from portal.domain.devices.models import Device
from portal.kernel.errors import FieldProblem, NotFoundError, UnprocessableError
from portal.kernel.ids import digest, new_id, new_secret

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

LONGEST_NAME = 40


def enrol_device(
    session: Session, *, site_id: UUID, name: str, by: UUID | None, at: datetime
) -> tuple[UUID, str]:
    """Make a browser one of the site's tablets; return its id and the secret that it keeps in a cookie (kept nowhere here).

    Raises `UnprocessableError` for a name that is empty or longer than 40 characters.
    """
    name = " ".join(name.split())
    if not 1 <= len(name) <= LONGEST_NAME:
        sentence = f"Give this tablet a name of 1 to {LONGEST_NAME} characters, for example Pack bench 2."
        raise UnprocessableError(sentence, problems=(FieldProblem("name", "shape", sentence),))
    device_id, secret = new_id(), new_secret()
    session.execute(
        insert(Device).values(id=device_id, site_id=site_id, name=name, enrolled_by=by, enrolled_at=at)
    )
    put_credential(
        session,
        NewCredential(
            kind="device", lookup=digest(secret), site_id=site_id, subject_id=device_id, device_id=device_id
        ),
    )
    note_audit(session, "device enrolled", subject=name, by=by, at=at, device=str(device_id))
    return device_id, secret


def revoke_device(session: Session, *, device_id: UUID, by: UUID | None, at: datetime) -> None:
    """Make a tablet a stranger again: nobody signs in on it, and whoever is signed in is out with the next request.

    Raises `NotFoundError` when the scope sees no such tablet at work.
    """
    _change(session, device_id, revoked_at=at)
    revoke_credentials(session, "device", subject_id=device_id)
    note_audit(session, "device revoked", subject=str(device_id), by=by, at=at)


def unlock_device(session: Session, *, device_id: UUID, by: UUID | None, at: datetime) -> None:
    """Let people sign in again on a tablet that locked itself; the count of failures starts anew.

    Raises `NotFoundError` when the scope sees no such tablet at work.
    """
    _change(session, device_id, locked_at=None, failed_sign_ins=0)
    note_audit(session, "device unlocked", subject=str(device_id), by=by, at=at)


def _change(session: Session, device_id: UUID, **values: object) -> None:
    changed = session.execute(
        update(Device)
        .where(Device.id == device_id, Device.revoked_at.is_(None))
        .values(**values)
        .returning(Device.id)
    ).scalar()
    if changed is None:
        raise NotFoundError("There is no such tablet at work here.")
